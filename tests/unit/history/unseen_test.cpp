#include "starling/history/unseen.hpp"

#include <gtest/gtest.h>

#include "tests/unit/history/diamond.hpp"

namespace starling {
namespace {

using testing::Diamond;

bool is_change(const SignedRecord& record) { return record.record.kind == RecordKind::change; }

std::vector<RecordPtr> changes_unseen(const Diamond& changes, const std::vector<RecordId>& present,
                                      const std::vector<RecordId>& seen, std::size_t most = SIZE_MAX) {
  return unseen(changes.fleet.log, present, seen, is_change, most);
}

TEST(Unseen, IsWhatHasComeSinceNewestFirst) {
  const Diamond changes;
  const auto& [fleet, one, two, a, b, c, d] = changes;
  const std::vector<RecordPtr> since_a = changes_unseen(changes, {d->id}, {a->id});
  ASSERT_EQ(since_a.size(), 3U);
  EXPECT_EQ(since_a[0], d);
  EXPECT_TRUE(std::ranges::is_sorted(since_a, std::ranges::greater(),
                                     [](const RecordPtr& record) { return record->record.hlc; }));
  EXPECT_EQ(changes_unseen(changes, {d->id}, {b->id}), (std::vector{d, c})) << "a is known through b";
  EXPECT_EQ(changes_unseen(changes, {b->id}, {c->id}), std::vector{b});
  EXPECT_TRUE(changes_unseen(changes, {b->id, c->id}, {d->id}).empty());
}

TEST(Unseen, IsAllWhereNothingWasSeen) {
  const Diamond changes;
  EXPECT_EQ(changes_unseen(changes, {changes.d->id}, {}).size(), 4U);
  EXPECT_EQ(changes_unseen(changes, {changes.d->id}, {}, 2).size(), 2U);
  EXPECT_EQ(
      unseen(changes.fleet.log, std::vector{changes.d->id}, {}, [](const auto&) { return true; }).size(),
      changes.fleet.log.size());
}

// Or a write would be refused for what its writer has seen in the state that is begun with.
TEST(Unseen, L8_WhatIsSettledWasSeenByWhoeverHasSeenAnything) {
  Diamond changes;
  const auto& [fleet, one, two, a, b, c, d] = changes;
  VersionVector covered;
  for (const RecordPtr& record : {a, b, c}) {
    ChainHead& head = covered[record->record.chain()];
    if (head.seq < record->record.seq) head = {record->record.seq, record->id, std::nullopt};
  }
  (void)changes.fleet.log.set_base({covered, {}});
  EXPECT_EQ(changes_unseen(changes, {d->id}, {b->id}), std::vector{d});
  EXPECT_TRUE(changes_unseen(changes, {c->id}, {b->id}).empty());
  EXPECT_EQ(changes_unseen(changes, {d->id}, {}).size(), 4U);
}

TEST(Unseen, LeavesOutWhatIsNotHeld) {
  const Diamond changes;
  const Changelog empty(changes.fleet.id());
  EXPECT_TRUE(unseen(empty, std::vector{changes.d->id}, {}, is_change).empty());
}

}  // namespace
}  // namespace starling
