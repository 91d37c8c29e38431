// What a change leaves behind must be valid (M6), of a scope that is known (M9), and empty only on purpose
// (M10).
#include <gtest/gtest.h>

#include "starling/merge/merge.hpp"
#include "starling/merge/validate.hpp"
#include "tests/unit/merge/build.hpp"

namespace starling::test {
namespace {

using State = ChangeFate::State;

constexpr std::string_view base_config = R"({
  "listeners": {"*:80": {"pass": "routes/main"}, "*:81": {"pass": "routes/main"}},
  "routes": {"main": [], "spare": []}})";

class Fold : public testing::Test {
 protected:
  Log log;
  const RecordId base = log.write(1, {}, {set("", base_config)});
};

TEST_F(Fold, M6_AChangeThatWouldLeaveAnInvalidDocumentIsSkippedWholeWithTheReason) {
  const RecordId id =
      log.write(10, {base}, {set("/settings/x", "1"), set("/listeners/*:80/pass", R"("routes/none")")});
  const MergeResult result = log.folded();
  const ChangeFate told = fate_of(result, id);
  EXPECT_EQ(told.state, State::skipped);
  EXPECT_EQ(told.reason,
            "/listeners/*:80/pass: Request \"pass\" points to invalid location \"routes/none\".");
  EXPECT_EQ(find(base_of(result), at("/settings")), nullptr);
}

TEST_F(Fold, M6_TwoChangesThatAreEachValidAloneCantBreakItTogether) {
  const RecordId kind = log.write(10, {base},
                                  {set("/routes", "[]"), set("/listeners/*:80/pass", R"("routes")"),
                                   set("/listeners/*:81/pass", R"("routes")")});
  const RecordId refers = log.write(11, {base}, {set("/listeners/*:81/pass", R"("routes/spare")")});
  const MergeResult result = log.folded();
  EXPECT_FALSE(validate(base_of(result)));
  EXPECT_EQ(fate_of(result, kind).state, State::applied);
  EXPECT_EQ(fate_of(result, refers).state, State::skipped);
}

TEST_F(Fold, M6_ASkippedChangeTakesNothingAndSettlesNothing) {
  const RecordId a = log.write(10, {base}, {set("/settings/x", "1")});
  const RecordId b = log.write(11, {base}, {set("/settings/x", "2")});
  const RecordId bad = log.write(12, {a, b}, {set("/settings/x", "3"), set("/junk", "1")});
  const RecordId other_bad = log.write(13, {base}, {set("/settings/x", "4"), set("/junk", "1")});
  const MergeResult result = log.folded();
  EXPECT_EQ(text(*find(base_of(result), at("/settings/x"))), "2");
  ASSERT_EQ(result.conflicts.size(), 1U);
  EXPECT_EQ(result.conflicts[0].winner, b);
  EXPECT_EQ(fate_of(result, bad).state, State::skipped);
  EXPECT_EQ(fate_of(result, other_bad).state, State::skipped);
  EXPECT_EQ(fate_of(result, b).state, State::applied);
}

// What it kept for somebody while it was tried is forgotten again.
TEST_F(Fold, M6_ASkippedChangeKeepsNothing) {
  log.write(10, {base}, {set("/listeners/*:80/backlog", "64")});
  const RecordId bad = log.write(11, {base}, {removal("/listeners/*:80"), set("/junk", "1")});
  const RecordId dangling = log.write(12, {base}, {removal("/routes/main"), set("/settings/x", "1")});
  const MergeResult result = log.folded();
  EXPECT_EQ(fate_of(result, bad).state, State::skipped);
  EXPECT_EQ(fate_of(result, dangling).state, State::skipped);
  EXPECT_TRUE(result.conflicts.empty());
}

TEST_F(Fold, M6_WhatDependsOnASkippedChangeStandsOnItsOwn) {
  const RecordId bad = log.write(10, {base}, {set("/routes/new", "[]"), set("/junk", "1")});
  const RecordId refers = log.write(11, {bad}, {set("/listeners/*:80/pass", R"("routes/new")")});
  const RecordId fine = log.write(12, {bad}, {set("/settings/x", "1")});
  const MergeResult result = log.folded();
  EXPECT_EQ(fate_of(result, refers).state, State::skipped);
  EXPECT_EQ(fate_of(result, fine).state, State::applied);
}

TEST_F(Fold, M6_NoDocumentGetsDeeperThanItCanBeRead) {
  std::string deep;
  for (int i = 0; i < 60; ++i) deep += "/x";
  const std::string value = std::string(50, '[') + std::string(50, ']');
  const RecordId id = log.write(10, {base}, {set("/settings" + deep, value)});
  EXPECT_EQ(fate_of(log.folded(), id).state, State::skipped);
}

TEST_F(Fold, M9_AScopeThatThisLevelDoesNotKnowIsLeftAlone) {
  Edit edit = set("/settings/x", "1");
  edit.scope = "edge";
  const RecordId id = log.write(10, {base}, {edit, set("/settings/y", "1")});
  const MergeResult result = log.folded();
  EXPECT_EQ(fate_of(result, id).reason,
            "edge:/settings/x: this level of the merge knows no scope but base (M9)");
  EXPECT_EQ(find(base_of(result), at("/settings")), nullptr);
}

TEST_F(Fold, M9_AnUnusableChangeKeepsNothingFromBeingRemoved) {
  Edit edit = set("/routes/spare", "[]");
  edit.scope = "edge";
  log.write(10, {base}, {edit, set("/listeners/*:80/pass", R"("routes/spare")")});
  log.write(11, {base}, {removal("/routes/spare")});
  const MergeResult result = log.folded();
  EXPECT_EQ(find(base_of(result), at("/routes/spare")), nullptr);
  EXPECT_TRUE(result.conflicts.empty());
}

TEST(Unset, M10_NothingKnownIsTheDocumentOfAFreshUnitEmptiedByNobody) {
  const MergeResult result = fold({}, Log().happened_before());
  EXPECT_EQ(text(base_of(result)), text(empty_document()));
  EXPECT_FALSE(base_emptied(result));
}

TEST_F(Fold, M10_TheChangeThatTookTheLastListenerIsNamed) {
  const RecordId first = log.write(10, {base}, {removal("/listeners/*:80")});
  EXPECT_FALSE(base_emptied(log.folded()));
  const RecordId second = log.write(11, {first}, {removal("/listeners/*:81")});
  log.write(12, {second}, {set("/settings/x", "1")});
  EXPECT_EQ(base_emptied(log.folded())->by, second);
  EXPECT_FALSE(base_emptied(log.folded())->allowed);
}

TEST_F(Fold, M10_ItMayCarryThatItIsMeant) {
  log.write(10, {base}, {removal("/listeners")}, true);
  EXPECT_TRUE(base_emptied(log.folded())->allowed);
}

TEST_F(Fold, M10_ForgottenWhenThereAreListenersAgain) {
  const RecordId emptied = log.write(10, {base}, {removal("/listeners")}, true);
  const RecordId back = log.write(11, {emptied}, {set("/listeners/*:80/pass", R"("routes/main")")});
  EXPECT_FALSE(base_emptied(log.folded()));
  log.write(12, {back}, {removal("/listeners")});
  EXPECT_FALSE(base_emptied(log.folded())->allowed) << "what was allowed before does not count any more";
}

TEST_F(Fold, M10_OfTwoThatEmptyConcurrentlyOneThatMeansItIsEnough) {
  for (const std::uint64_t time : {10U, 12U}) {
    Log other;
    const RecordId start = other.write(1, {}, {set("", base_config)});
    other.write(time, {start}, {removal("/listeners")}, true);
    other.write(11, {start}, {removal("/listeners")}, false);
    EXPECT_TRUE(base_emptied(other.folded())->allowed) << time;
  }
}

TEST_F(Fold, M10_TwoThatEmptyTogetherWithoutKnowingMeanNothing) {
  log.write(10, {base}, {removal("/listeners/*:80")});
  const RecordId last = log.write(11, {base}, {removal("/listeners/*:81")});
  EXPECT_EQ(base_emptied(log.folded())->by, last);
  EXPECT_FALSE(base_emptied(log.folded())->allowed);
}

TEST_F(Fold, M10_OneThatKnewOfItMaySayAfterwardsThatItIsMeant) {
  const RecordId emptied = log.write(10, {base}, {removal("/listeners")});
  log.write(11, {base}, {set("/settings/x", "1")}, true);
  EXPECT_FALSE(base_emptied(log.folded())->allowed) << "its author knew nothing of that";
  const RecordId means_it = log.write(12, {emptied}, {set("/settings/x", "2")}, true);
  EXPECT_TRUE(base_emptied(log.folded())->allowed);
  EXPECT_EQ(base_emptied(log.folded())->by, means_it);
}

TEST_F(Fold, M10_ASkippedChangeEmptiesNothing) {
  log.write(10, {base}, {removal("/listeners"), set("/junk", "1")}, true);
  EXPECT_FALSE(base_emptied(log.folded()));
}

TEST(ApplyEdit, MakesParentsAndLetsWhatIsInTheWayGiveWay) {
  json::value document = doc(R"({"a":5})");
  EXPECT_TRUE(apply_edit(document, set("/a/b/c", "1")));
  EXPECT_TRUE(apply_edit(document, set("/d", "[]")));
  EXPECT_TRUE(apply_edit(document, append("/d", "7")));
  EXPECT_FALSE(apply_edit(document, append("/a", "7")));
  EXPECT_FALSE(apply_edit(document, append("/d/0", "7")));
  EXPECT_TRUE(apply_edit(document, removal("/nowhere/x")));
  EXPECT_EQ(text(document), R"({"a":{"b":{"c":1}},"d":[7]})");
  EXPECT_TRUE(apply_edit(document, removal("/a")));
  EXPECT_EQ(text(document), R"({"d":[7]})");
  EXPECT_TRUE(apply_edit(document, removal("")));
  EXPECT_EQ(text(document), text(empty_document()));
}

}  // namespace
}  // namespace starling::test
