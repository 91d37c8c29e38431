// Need beats removal: the rule M5.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/merge/build.hpp"

namespace starling::test {
namespace {

using State = ChangeFate::State;

constexpr std::string_view base_config = R"({
  "listeners": {"*:80": {"pass": "routes/main"}, "*:81": {"pass": "routes/old"}},
  "routes": {"main": [], "old": [{"action": {"pass": "upstreams/u"}}], "spare": []},
  "upstreams": {"u": {"servers": {}}, "v": {"servers": {}}},
  "applications": {"app": {"type": "python", "targets": {"t": {}}}}})";

// The removal has one of two clocks, that of the change which needs something lies between them: whichever is
// later, the outcome must be the same.
class Need : public testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr std::uint64_t between = 50;

  Log log;
  const RecordId base = log.write(1, {}, {set("", base_config)});

  RecordId removes(std::vector<Edit> edits) { return log.write(GetParam(), {base}, std::move(edits)); }
  RecordId needs(std::vector<Edit> edits) { return log.write(between, {base}, std::move(edits)); }

  void expect_dropped(const RecordId& removing, std::string_view pointer, const RecordId& needing) {
    const MergeResult result = log.folded();
    EXPECT_NE(find(base_of(result), at(pointer)), nullptr);
    EXPECT_EQ(fate_of(result, needing).state, State::applied);
    ASSERT_EQ(result.conflicts.size(), 1U);
    EXPECT_EQ(result.conflicts[0].kind, Conflict::Kind::removal_dropped);
    EXPECT_EQ(result.conflicts[0].path, at(pointer));
    EXPECT_EQ(result.conflicts[0].winner, needing);
    EXPECT_EQ(result.conflicts[0].loser, removing);
    EXPECT_EQ(result.conflicts[0].op, EditOp::remove);
  }
};

TEST_P(Need, M5_AParentIsKept) {
  const RecordId removing = removes({removal("/listeners/*:80")});
  const RecordId needing = needs({set("/listeners/*:80/backlog", "64")});
  expect_dropped(removing, "/listeners/*:80", needing);
  EXPECT_EQ(fate_of(log.folded(), removing).state, State::lost);
}

TEST_P(Need, M5_WhatIsReferredToIsKept) {
  const RecordId removing = removes({removal("/routes/spare")});
  const RecordId needing = needs({set("/listeners/*:80/pass", R"("routes/spare")")});
  expect_dropped(removing, "/routes/spare", needing);
}

TEST_P(Need, M5_AReferenceFromWithinAnArrayCounts) {
  const RecordId removing = removes({removal("/upstreams/v")});
  const RecordId needing =
      needs({set("/routes/main", R"([{"action":{"share":"/x","fallback":{"pass":"upstreams/v"}}}])")});
  expect_dropped(removing, "/upstreams/v", needing);
}

TEST_P(Need, M5_AReferenceInAnAppendedStepCounts) {
  const RecordId removing = removes({removal("/upstreams/v")});
  const RecordId needing = needs({append("/routes/main", R"({"action":{"pass":"upstreams/v"}})")});
  expect_dropped(removing, "/upstreams/v", needing);
}

TEST_P(Need, M5_AnApplicationIsNeededByATargetOfIt) {
  const RecordId removing = removes({removal("/applications")});
  const RecordId needing = needs({set("/listeners/*:80/pass", R"("applications/app/t")")});
  expect_dropped(removing, "/applications", needing);
}

TEST_P(Need, M5_AnArrayIsNeededByWhoAppendsToIt) {
  const RecordId removing = removes({removal("/routes/spare")});
  const RecordId needing = needs({append("/routes/spare", R"({"action":{"return":404}})")});
  expect_dropped(removing, "/routes/spare", needing);
}

TEST_P(Need, M5_ThatRemovalAloneIsDropped) {
  const RecordId removing =
      removes({removal("/listeners/*:81"), removal("/routes/spare"), set("/settings/x", "1")});
  needs({set("/listeners/*:80/pass", R"("routes/spare")")});
  const MergeResult result = log.folded();
  EXPECT_EQ(find(base_of(result), at("/listeners/*:81")), nullptr);
  EXPECT_NE(find(base_of(result), at("/settings/x")), nullptr);
  EXPECT_EQ(fate_of(result, removing).state, State::partly);
  ASSERT_EQ(result.conflicts.size(), 1U);
  EXPECT_THAT(result.conflicts[0].stood,
              testing::Pointee(testing::ElementsAre(in_base("/listeners/*:81"), in_base("/settings/x"))));
}

// Of what is kept for somebody, what it refers to is kept as well; else the rest of the removing change would
// be skipped.
TEST_P(Need, M5_WhatIsKeptKeepsWhatItRefersTo) {
  const RecordId removing = removes({removal("/listeners/*:81"), removal("/routes/old"),
                                     removal("/upstreams/u"), removal("/routes/spare")});
  const RecordId needing = needs({set("/listeners/*:81/backlog", "64")});
  const MergeResult result = log.folded();
  EXPECT_NE(find(base_of(result), at("/upstreams/u")), nullptr);
  EXPECT_EQ(find(base_of(result), at("/routes/spare")), nullptr);
  EXPECT_EQ(fate_of(result, removing).state, State::partly);
  ASSERT_EQ(result.conflicts.size(), 3U);
  for (const Conflict& conflict : result.conflicts) EXPECT_EQ(conflict.winner, needing);
}

TEST_P(Need, M5_WhatIsKeptKeepsItFromLaterRemovalsToo) {
  const RecordId removing = removes({removal("/listeners/*:81")});
  const RecordId second =
      log.write(GetParam() + 1, {removing}, {removal("/routes/old"), set("/settings/x", "1")});
  needs({set("/listeners/*:81/backlog", "64")});
  const MergeResult result = log.folded();
  EXPECT_NE(find(base_of(result), at("/routes/old")), nullptr);
  EXPECT_NE(find(base_of(result), at("/settings/x")), nullptr);
  EXPECT_EQ(fate_of(result, second).state, State::partly);
}

INSTANTIATE_TEST_SUITE_P(RemovalFirstAndLast, Need, testing::Values(40, 60));

class Removals : public testing::Test {
 protected:
  Log log;
  const RecordId base = log.write(1, {}, {set("", base_config)});
};

TEST_F(Removals, M5_OneThatKnewWhoNeedsItRemoves) {
  const RecordId needing = log.write(10, {base}, {set("/settings/x/a", "1")});
  log.write(11, {needing}, {removal("/settings/x")});
  const MergeResult result = log.folded();
  EXPECT_EQ(find(base_of(result), at("/settings/x")), nullptr);
  EXPECT_TRUE(result.conflicts.empty());
}

TEST_F(Removals, M5_RemovingWhatIsGoneIsANoOp) {
  const RecordId first = log.write(10, {base}, {removal("/routes/spare")});
  const RecordId second = log.write(11, {base}, {removal("/routes/spare")});
  const RecordId third =
      log.write(12, {first, second}, {removal("/routes/spare"), removal("/nowhere/at/all")});
  const MergeResult result = log.folded();
  for (const RecordId& id : {first, second, third}) EXPECT_EQ(fate_of(result, id).state, State::applied);
  EXPECT_TRUE(result.conflicts.empty());
}

// It was gone already, so nothing of it is dropped; what the other one sets at that place afterwards is its
// own.
TEST_F(Removals, M5_RemovingWhatIsGoneIsNotDroppedEither) {
  const RecordId gone = log.write(10, {base}, {removal("/routes/spare")});
  const RecordId again = log.write(11, {gone}, {removal("/routes/spare")});
  log.write(12, {gone}, {set("/routes/spare", "[]"), set("/listeners/*:80/pass", R"("routes/spare")")});
  const MergeResult result = log.folded();
  EXPECT_EQ(text(*find(base_of(result), at("/routes/spare"))), "[]");
  ASSERT_EQ(result.conflicts.size(), 1U);
  EXPECT_EQ(result.conflicts[0].kind, Conflict::Kind::overlap);
  EXPECT_EQ(result.conflicts[0].loser, again);
}

TEST_F(Removals, M5_TheFirstInTheOrderThatNeedsItIsNamed) {
  const RecordId later = log.write(30, {base}, {set("/listeners/*:80/backlog", "2")});
  const RecordId sooner = log.write(20, {base}, {set("/listeners/*:80/tls", "{}")});
  log.write(25, {base}, {removal("/listeners/*:80")});
  const MergeResult result = log.folded();
  ASSERT_EQ(result.conflicts.size(), 1U);
  EXPECT_EQ(result.conflicts[0].winner, sooner);
  EXPECT_NE(result.conflicts[0].winner, later);
}

TEST_F(Removals, M5_ASettledConflictOfARemoval) {
  const RecordId needing = log.write(10, {base}, {set("/listeners/*:80/backlog", "2")});
  const RecordId removing = log.write(11, {base}, {removal("/listeners/*:80")});
  log.write(12, {needing, removing}, {removal("/listeners/*:80")});
  const MergeResult result = log.folded();
  EXPECT_EQ(find(base_of(result), at("/listeners/*:80")), nullptr);
  EXPECT_TRUE(result.conflicts.empty());
}

}  // namespace
}  // namespace starling::test
