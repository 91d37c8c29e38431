// Edits and conflicts: the rules M1, M2 and M4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/merge/build.hpp"

namespace starling::test {
namespace {

using State = ChangeFate::State;
using testing::ElementsAre;
using testing::Pointee;

constexpr std::string_view base_config =
    R"({"listeners":{"*:80":{"pass":"routes/main"}},"routes":{"main":[{"action":{"return":200}}]},)"
    R"("settings":{"http":{"a":1,"b":1}}})";

// A fleet that has a configuration, which everybody knows.
class Conflicts : public testing::Test {
 protected:
  Log log;
  const RecordId base = log.write(1, {}, {set("", base_config)});

  std::string standing(std::string_view pointer) const {
    const MergeResult result = log.folded();
    const json::value* value = find(base_of(result), at(pointer));
    return value != nullptr ? text(*value) : "nothing";
  }
  State fate(const RecordId& id) const { return fate_of(log.folded(), id).state; }
  std::vector<Conflict> conflicts() const { return log.folded().conflicts; }
};

TEST_F(Conflicts, M1_TheLaterClockWins) {
  const RecordId late = log.write(20, {base}, {set("/settings/http/a", "2")});
  const RecordId early = log.write(10, {base}, {set("/settings/http/a", "3")});
  EXPECT_EQ(standing("/settings/http/a"), "2");
  EXPECT_EQ(fate(late), State::applied);
  EXPECT_EQ(fate(early), State::lost);
}

TEST_F(Conflicts, M1_OfEqualClocksTheSmallerIdIsAppliedLast) {
  const RecordId smaller = log.write(10, {base}, {set("/settings/http/a", "2")});
  const RecordId larger = log.write(10, {base}, {set("/settings/http/a", "3")});
  ASSERT_LT(smaller, larger);
  EXPECT_EQ(standing("/settings/http/a"), "2");
}

TEST_F(Conflicts, M1_WhatIsGivenTwiceCountsOnce) {
  const RecordId id = log.write(10, {base}, {append("/routes/main", R"({"action":{"return":404}})")});
  log.changes.push_back(log.changes.back());
  EXPECT_EQ(fate(id), State::applied);
  EXPECT_EQ(log.folded().fates.size(), 2U);
  EXPECT_EQ(find(base_of(log.folded()), at("/routes/main"))->as_array().size(), 2U);
}

TEST_F(Conflicts, M2_EditsOfDifferentPathsBothStand) {
  const RecordId a = log.write(10, {base}, {set("/settings/http/a", "2")});
  const RecordId b = log.write(11, {base}, {set("/settings/http/b", "2")});
  EXPECT_EQ(standing("/settings/http"), R"({"a":2,"b":2})");
  EXPECT_EQ(fate(a), State::applied);
  EXPECT_EQ(fate(b), State::applied);
  EXPECT_TRUE(conflicts().empty());
}

TEST_F(Conflicts, M2_ConcurrentAppendsBothStand) {
  log.write(10, {base}, {append("/routes/main", R"({"action":{"return":301}})")});
  log.write(11, {base}, {append("/routes/main", R"({"action":{"return":302}})")});
  EXPECT_EQ(standing("/routes/main"),
            R"([{"action":{"return":200}},{"action":{"return":301}},{"action":{"return":302}}])");
  EXPECT_TRUE(conflicts().empty());
}

TEST_F(Conflicts, M2_OnlyTheOverlappedEditsLoseAndTheRecordSaysWhatStood) {
  const RecordId loser = log.write(
      10, {base}, {set("/settings/http/a", "2"), set("/settings/http/b", "2"), set("/settings/http/c", "2")});
  log.write(11, {base}, {set("/settings/http/b", "3")});
  EXPECT_EQ(standing("/settings/http"), R"({"a":2,"b":3,"c":2})");
  const ChangeFate told = fate_of(log.folded(), loser);
  EXPECT_EQ(told.state, State::partly);
  EXPECT_EQ(told.reason, "lost /settings/http/b to a concurrent change");
  ASSERT_EQ(conflicts().size(), 1U);
  EXPECT_THAT(conflicts()[0].stood,
              Pointee(ElementsAre(in_base("/settings/http/a"), in_base("/settings/http/c"))));
}

TEST_F(Conflicts, M2_AnAppendLosesToALaterSetOfTheArray) {
  const RecordId appends = log.write(10, {base}, {append("/routes/main", R"({"action":{"return":404}})")});
  const RecordId sets = log.write(11, {base}, {set("/routes/main", "[]")});
  EXPECT_EQ(standing("/routes/main"), "[]");
  ASSERT_EQ(conflicts().size(), 1U);
  const Conflict conflict = conflicts()[0];
  EXPECT_EQ(conflict.winner, sets);
  EXPECT_EQ(conflict.loser, appends);
  EXPECT_EQ(conflict.op, EditOp::append);
  EXPECT_EQ(text(conflict.base), R"([{"action":{"return":200}}])");
  EXPECT_EQ(text(conflict.mine), R"({"action":{"return":404}})");
  EXPECT_EQ(text(conflict.theirs), "[]");
}

TEST_F(Conflicts, M2_AnAppendAddsToWhatALaterOneFindsThere) {
  log.write(10, {base}, {set("/routes/main", "[]")});
  log.write(11, {base}, {append("/routes/main", R"({"action":{"return":404}})")});
  EXPECT_EQ(standing("/routes/main"), R"([{"action":{"return":404}}])");
  EXPECT_TRUE(conflicts().empty());
}

TEST_F(Conflicts, M2_EveryAppendAndTheArrayItselfLoseToASetThatKnewNone) {
  const RecordId array = log.write(10, {base}, {set("/routes/main", "[]")});
  const RecordId first = log.write(11, {array}, {append("/routes/main", R"({"action":{"return":301}})")});
  const RecordId second = log.write(12, {first}, {append("/routes/main", R"({"action":{"return":302}})")});
  log.write(13, {base}, {set("/routes/main", R"([{"action":{"return":404}}])")});
  ASSERT_EQ(conflicts().size(), 3U);
  EXPECT_EQ(conflicts()[0].loser, array);
  EXPECT_EQ(text(conflicts()[0].base), R"([{"action":{"return":200}}])");
  EXPECT_EQ(conflicts()[1].loser, first);
  EXPECT_EQ(text(conflicts()[1].base), "[]");
  EXPECT_EQ(conflicts()[2].loser, second);
  EXPECT_EQ(text(conflicts()[2].base), R"([{"action":{"return":301}}])");
}

TEST_F(Conflicts, M2_AnAppendWhoseArrayWasReplacedLoses) {
  const RecordId replaces = log.write(10, {base}, {set("/settings/http/list", "5")});
  const RecordId makes = log.write(11, {base}, {set("/settings/http/list", "[]")});
  log.write(12, {replaces}, {set("/settings/http/list", "6")});
  const RecordId appends = log.write(13, {makes}, {append("/settings/http/list", "1")});
  EXPECT_EQ(standing("/settings/http/list"), "6");
  EXPECT_EQ(fate(appends), State::lost);
  const Conflict conflict = conflicts().back();
  EXPECT_EQ(conflict.op, EditOp::append);
  EXPECT_EQ(text(conflict.base), "[]") << "what its author appended to";
  EXPECT_EQ(text(conflict.mine), "1");
  EXPECT_EQ(text(conflict.theirs), "6");
}

TEST_F(Conflicts, M2_AnAppendLosesToASetFurtherUpWhicheverIsLater) {
  for (const std::uint64_t time : {10U, 12U}) {
    Log other = log;
    const RecordId appends =
        other.write(time, {base}, {append("/routes/main", R"({"action":{"return":404}})")});
    other.write(11, {base}, {set("/listeners", "{}"), set("/routes", R"({"spare":[]})")});
    const MergeResult result = other.folded();
    EXPECT_EQ(fate_of(result, appends).state, State::lost) << time;
    ASSERT_EQ(result.conflicts.size(), 1U) << time;
    EXPECT_EQ(text(result.conflicts[0].base), R"([{"action":{"return":200}}])") << time;
    EXPECT_EQ(text(result.conflicts[0].mine), R"({"action":{"return":404}})");
    EXPECT_EQ(text(result.conflicts[0].theirs), "nothing");
  }
}

TEST_F(Conflicts, M2_AnAppendIsNotLostToASetThatKnewIt) {
  const RecordId appends = log.write(10, {base}, {append("/routes/main", R"({"action":{"return":404}})")});
  log.write(11, {appends}, {set("/routes/main", "[]")});
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(fate(appends), State::applied);
}

TEST_F(Conflicts, M2_NoEditGoesThroughAnArrayThatItsAuthorKnew) {
  const RecordId id =
      log.write(10, {base}, {set("/settings/http/a", "2"), set("/routes/main/0/action/return", "404")});
  const ChangeFate told = fate_of(log.folded(), id);
  EXPECT_EQ(told.state, State::skipped);
  EXPECT_EQ(told.reason, "/routes/main: an array stands here, and no edit goes through one (M2)");
  EXPECT_EQ(standing("/settings/http/a"), "1");
}

TEST_F(Conflicts, M2_AnArrayOfAConcurrentChangeGivesWay) {
  const RecordId array = log.write(10, {base}, {set("/settings/http", "[]")});
  log.write(11, {base}, {set("/settings/http/a", "2")});
  EXPECT_EQ(standing("/settings/http"), R"({"a":2})");
  EXPECT_EQ(fate(array), State::lost);
}

TEST_F(Conflicts, M2_AnAppendToWhatIsNoArrayIsSkipped) {
  const RecordId id = log.write(10, {base}, {append("/settings/http/a", "1")});
  EXPECT_EQ(fate_of(log.folded(), id).reason, "/settings/http/a: there is no array to append to");
}

TEST_F(Conflicts, M4_TheRecordKeepsBaseMineAndTheirs) {
  const RecordId mine = log.write(10, {base}, {set("/settings/http/a", "2")});
  const RecordId theirs = log.write(11, {base}, {set("/settings/http/a", "3")});
  ASSERT_EQ(conflicts().size(), 1U);
  const Conflict conflict = conflicts()[0];
  EXPECT_EQ(conflict.kind, Conflict::Kind::overlap);
  EXPECT_EQ(conflict.path, at("/settings/http/a"));
  EXPECT_EQ(conflict.winner, theirs);
  EXPECT_EQ(conflict.loser, mine);
  EXPECT_EQ(text(conflict.base), "1");
  EXPECT_EQ(text(conflict.mine), "2");
  EXPECT_EQ(text(conflict.theirs), "3");
  EXPECT_TRUE(places_of(conflict.stood).empty());
}

TEST_F(Conflicts, M4_ASetAndARemovalOfOnePlaceConflictEitherWay) {
  const RecordId removes = log.write(10, {base}, {removal("/settings/http/a")});
  const RecordId sets = log.write(11, {base}, {set("/settings/http/a", "2")});
  EXPECT_EQ(standing("/settings/http/a"), "2");
  ASSERT_EQ(conflicts().size(), 1U);
  EXPECT_EQ(conflicts()[0].loser, removes);
  EXPECT_EQ(conflicts()[0].op, EditOp::remove);
  EXPECT_EQ(text(conflicts()[0].mine), "nothing");
  EXPECT_EQ(text(conflicts()[0].base), "1");

  log.write(12, {base}, {removal("/settings/http/a")});
  EXPECT_EQ(standing("/settings/http/a"), "nothing");
  EXPECT_EQ(fate(sets), State::lost);
}

TEST_F(Conflicts, M4_NoConflictWhenBothWantTheSame) {
  const RecordId a = log.write(10, {base}, {set("/settings/http/a", "1000"), removal("/settings/http/b")});
  const RecordId b = log.write(11, {base}, {set("/settings/http/a", "1e3"), removal("/settings/http/b")});
  EXPECT_TRUE(conflicts().empty());
  EXPECT_EQ(fate(a), State::applied);
  EXPECT_EQ(fate(b), State::applied);
}

// Otherwise one of them would be lost in silence.
TEST_F(Conflicts, M4_ALaterChangeConflictsWithAllThatWantedTheSame) {
  const RecordId a = log.write(10, {base}, {set("/settings/http/a", "2")});
  const RecordId b = log.write(11, {base}, {set("/settings/http/a", "2")});
  log.write(12, {base}, {set("/settings/http/a", "3")});
  ASSERT_EQ(conflicts().size(), 2U);
  EXPECT_EQ(conflicts()[0].loser, a);
  EXPECT_EQ(conflicts()[1].loser, b);
  EXPECT_EQ(text(conflicts()[1].base), "1") << "what was there before either";
}

TEST_F(Conflicts, M4_WhatItsAuthorKnewIsSupersededWithoutConflict) {
  const RecordId a = log.write(10, {base}, {set("/settings/http/a", "2")});
  const RecordId b = log.write(11, {a}, {set("/settings/http/a", "3")});
  log.write(12, {base}, {set("/settings/http/a", "4")});
  ASSERT_EQ(conflicts().size(), 1U) << "with b alone: b had replaced a";
  EXPECT_EQ(conflicts()[0].loser, b);
  EXPECT_EQ(fate(a), State::applied);
}

TEST_F(Conflicts, M4_AnEditAboveOverrulesThoseBelowEachWithItsOwnRecord) {
  const RecordId below = log.write(10, {base}, {set("/settings/http/a", "2"), set("/settings/http/c", "2")});
  log.write(11, {base}, {set("/settings/http", "5")});
  EXPECT_EQ(standing("/settings/http"), "5");
  EXPECT_EQ(fate(below), State::lost);
  ASSERT_EQ(conflicts().size(), 2U);
  EXPECT_EQ(conflicts()[0].path, at("/settings/http/a"));
  EXPECT_EQ(text(conflicts()[0].theirs), "nothing") << "that is what stands at that path now";
}

TEST_F(Conflicts, M4_AnEditBelowOverrulesTheValueAbove) {
  const RecordId above = log.write(10, {base}, {set("/settings/http", "5")});
  log.write(11, {base}, {set("/settings/http/a", "2")});
  EXPECT_EQ(standing("/settings/http"), R"({"a":2})");
  ASSERT_EQ(conflicts().size(), 1U);
  EXPECT_EQ(conflicts()[0].loser, above);
  EXPECT_EQ(text(conflicts()[0].base), R"({"a":1,"b":1})");
  EXPECT_EQ(text(conflicts()[0].theirs), R"({"a":2})");
}

TEST_F(Conflicts, M4_AnEmptyObjectAndMembersOfItGetAlongInEitherOrder) {
  for (const std::uint64_t first : {10U, 12U}) {
    Log other;
    const RecordId start = other.write(1, {}, {set("/settings/http/a", "1")});
    const RecordId room = other.write(first, {start}, {set("/upstreams", "{}"), set("/upstreams/u", "{}")});
    const RecordId member = other.write(11, {start}, {set("/upstreams", "{}"), set("/upstreams/v", "{}")});
    const MergeResult result = other.folded();
    EXPECT_EQ(text(*find(base_of(result), at("/upstreams"))), R"({"u":{},"v":{}})");
    EXPECT_TRUE(result.conflicts.empty());
    EXPECT_EQ(fate_of(result, room).state, State::applied);
    EXPECT_EQ(fate_of(result, member).state, State::applied);
  }
}

TEST_F(Conflicts, M4_AnEmptyObjectClearsWhatItsAuthorKnew) {
  log.write(10, {base}, {set("/settings/http", "{}")});
  EXPECT_EQ(standing("/settings/http"), "{}");
}

TEST_F(Conflicts, M4_SettledByALaterChangeThatKnewBoth) {
  const RecordId a = log.write(10, {base}, {set("/settings/http/a", "2")});
  const RecordId b = log.write(11, {base}, {set("/settings/http/a", "3")});
  const RecordId knows_one = log.write(12, {b}, {set("/settings/http/a", "4")});
  ASSERT_EQ(conflicts().size(), 1U);
  log.write(13, {a, b, knows_one}, {set("/settings/http/b", "4")});
  EXPECT_EQ(conflicts().size(), 1U) << "it touched another place";
  const RecordId both = log.write(14, {a, b}, {set("/settings/http/a", "2")});
  EXPECT_EQ(conflicts().size(), 1U) << "settled, but a new one with the change it did not know";
  EXPECT_EQ(conflicts()[0].winner, both);
  EXPECT_EQ(conflicts()[0].loser, knows_one);
  EXPECT_EQ(fate(a), State::lost) << "that it lost remains true";
}

TEST_F(Conflicts, M4_SettledByTouchingAPlaceAboveOrBelow) {
  for (const auto& settling :
       {set("/settings", "{}"), set("/settings/http/a/x", "1"), removal("/settings/http")}) {
    Log other;
    const RecordId start = other.write(1, {}, {set("/settings/http/a", "1")});
    const RecordId a = other.write(10, {start}, {set("/settings/http/a", "2")});
    const RecordId b = other.write(11, {start}, {set("/settings/http/a", "3")});
    other.write(12, {a, b}, {settling});
    EXPECT_TRUE(other.folded().conflicts.empty()) << to_pointer(settling.path);
  }
}

TEST_F(Conflicts, M4_ARemovalOfWhatIsGoneSettlesToo) {
  const RecordId a = log.write(10, {base}, {set("/settings/http/a", "2")});
  const RecordId b = log.write(11, {base}, {removal("/settings/http/a")});
  ASSERT_EQ(conflicts().size(), 1U);
  log.write(12, {a, b}, {removal("/settings/http/a")});
  EXPECT_TRUE(conflicts().empty());
}

}  // namespace
}  // namespace starling::test
