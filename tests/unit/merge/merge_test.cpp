// The merge as changes come and go, where it differs from folding once.
#include "starling/merge/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/merge/build.hpp"

namespace starling::test {
namespace {

using State = ChangeFate::State;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view base_config =
    R"({"listeners":{"*:80":{"pass":"routes/main"}},"routes":{"main":[],"spare":[]},"settings":{"http":{"a":1}}})";

class Incoming : public testing::Test {
 protected:
  Log log;
  const RecordId base = log.write(1, {}, {set("", base_config)});
  Merge merge{log.happened_before()};

  const MergeInput& input(const RecordId& id) const {
    return *std::ranges::find(log.changes, id, &MergeInput::id);
  }
  void add(const RecordId& id) { merge.add(input(id)); }
  bool stands(std::string_view pointer) { return find(base_of(merge.result()), at(pointer)) != nullptr; }
};

TEST_F(Incoming, NothingYetIsTheUnsetDocument) {
  EXPECT_EQ(text(base_of(merge.result())), text(empty_document()));
  EXPECT_EQ(merge.size(), 0U);
  EXPECT_THAT(merge.take_changed(), IsEmpty());
}

TEST_F(Incoming, M5_ALateNeedBringsBackWhatWasRemoved) {
  add(base);
  const RecordId removing = log.write(10, {base}, {removal("/routes/spare")});
  add(removing);
  EXPECT_FALSE(stands("/routes/spare"));
  (void)merge.take_changed();
  const RecordId needing = log.write(20, {base}, {set("/listeners/*:80/pass", R"("routes/spare")")});
  add(needing);
  EXPECT_TRUE(stands("/routes/spare"));
  EXPECT_THAT(ids(merge.take_changed()), ElementsAre(removing, needing));
  EXPECT_EQ(fate_of(merge.result(), removing).state, State::lost);
}

TEST_F(Incoming, M5_WhenWhoNeededItIsGoneTheRemovalCounts) {
  const RecordId removing = log.write(10, {base}, {removal("/routes/spare")});
  const RecordId needing = log.write(20, {base}, {set("/listeners/*:80/pass", R"("routes/spare")")});
  merge.reset(log.changes);
  EXPECT_TRUE(stands("/routes/spare"));
  merge.remove(needing);
  EXPECT_FALSE(stands("/routes/spare"));
  EXPECT_EQ(fate_of(merge.result(), removing).state, State::applied);
  EXPECT_THAT(merge.result().conflicts, IsEmpty());
}

TEST_F(Incoming, M1_WhatComesLateTakesItsPlaceInTheOrder) {
  add(base);
  const RecordId early = log.write(10, {base}, {set("/settings/http/a", "2")});
  const RecordId late = log.write(20, {base}, {set("/settings/http/a", "3")});
  add(late);
  EXPECT_THAT(merge.result().conflicts, IsEmpty());
  add(early);
  EXPECT_EQ(text(*find(base_of(merge.result()), at("/settings/http/a"))), "3");
  ASSERT_EQ(merge.result().conflicts.size(), 1U);
  EXPECT_EQ(merge.result().conflicts[0].loser, early);
  EXPECT_EQ(merge.result().fates[1].id, early);
}

TEST_F(Incoming, ComingAndGoingBeforeTheResultIsAskedForLeavesNothing) {
  add(base);
  const RecordId id = log.write(10, {base}, {set("/settings/http/a", "2")});
  add(id);
  merge.remove(id);
  EXPECT_FALSE(merge.contains(id));
  EXPECT_EQ(merge.result().fates.size(), 1U);
  add(id);
  (void)merge.result();
  merge.remove(id);
  add(id);
  EXPECT_TRUE(merge.contains(id));
  EXPECT_EQ(merge.size(), 2U);
  EXPECT_EQ(text(*find(base_of(merge.result()), at("/settings/http/a"))), "2");
}

TEST_F(Incoming, WhatIsNotThereCanBeRemoved) {
  merge.remove(base);
  add(base);
  merge.remove(id_of(77));
  EXPECT_EQ(merge.result().fates.size(), 1U);
}

TEST_F(Incoming, ResetKeepsTakesAndDrops) {
  const RecordId a = log.write(10, {base}, {set("/settings/http/a", "2")});
  const RecordId b = log.write(11, {base}, {set("/settings/http/b", "2")});
  merge.reset({input(base), input(a)});
  EXPECT_FALSE(stands("/settings/http/b"));
  merge.reset({input(b), input(base), input(b)});
  EXPECT_EQ(text(*find(base_of(merge.result()), at("/settings/http"))), R"({"a":1,"b":2})");
  merge.reset({});
  EXPECT_EQ(text(base_of(merge.result())), text(empty_document()));
}

TEST_F(Incoming, ASliceIsOfSoManyChanges) {
  for (std::uint64_t i = 0; i < 9; ++i) log.write(100 + i, {base}, {set("/settings/http/b", "1")});
  for (const MergeInput& change : log.changes) add(change.id);
  // Ten changes take three steps each; one slice may end one step and begin the next.
  std::size_t slices = 1;
  while (!merge.advance(2)) ++slices;
  EXPECT_EQ(slices, 15U);
  EXPECT_TRUE(merge.advance(2));
  slices = 1;
  while (!merge.advance_provenance(2)) ++slices;
  EXPECT_EQ(slices, 5U);
  expect_same(merge.result(), log.folded());
}

TEST_F(Incoming, AChangeOfManyEditsIsASliceOfItsOwn) {
  std::vector<Edit> many(6, set("/settings/http/b", "1"));
  log.write(100, {base}, many);
  log.write(101, {base}, many);
  for (const MergeInput& change : log.changes) add(change.id);
  std::size_t slices = 1;
  while (!merge.advance(4)) ++slices;
  EXPECT_EQ(slices, 6U);
}

TEST_F(Incoming, WhatComesWhileASliceIsUnderWayComesIn) {
  const RecordId a = log.write(10, {base}, {set("/settings/http/a", "2")});
  const RecordId b = log.write(5, {base}, {set("/settings/http/a", "3")});
  add(base);
  add(a);
  EXPECT_FALSE(merge.advance(1));
  add(b);
  merge.remove(a);
  while (!merge.advance(1)) {
  }
  EXPECT_THAT(ids(merge.result().fates), ElementsAre(base, b));
  EXPECT_EQ(text(*find(base_of(merge.result()), at("/settings/http/a"))), "3");
}

TEST_F(Incoming, ManyChangesGoBackOverSnapshotsAndStillAgree) {
  Merge far(log.happened_before(), {.undo_changes = 3,
                                    .undo_bytes = 1 << 20,
                                    .snapshot_every = 4,
                                    .snapshot_bytes = 1 << 20,
                                    .remembered_changes = 2});
  std::vector<RecordId> known{base};
  for (std::uint64_t i = 0; i < 100; ++i) {
    known = {
        log.write(100 + 10 * i, known, {set("/settings/http/" + std::to_string(i % 7), std::to_string(i))})};
  }
  far.reset(log.changes);
  (void)far.result();
  for (const std::uint64_t time : {1095U, 1001U, 800U, 500U, 105U, 5U}) {
    log.write(time, {base}, {set("/settings/http/" + std::to_string(time % 7), "\"late\"")});
    far.add(log.changes.back());
    expect_same(far.result(), log.folded());
  }
}

}  // namespace
}  // namespace starling::test
