// Folding onto the state of a checkpoint (L8), and how that state is written down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/merge/build.hpp"

namespace starling::test {
namespace {

using State = ChangeFate::State;
using testing::IsEmpty;

constexpr std::string_view base_config =
    R"({"listeners":{"*:80":{"pass":"routes/main"}},"routes":{"main":[]},"settings":{"http":{"a":1,"b":1}}})";

// What was folded up to time 50 is a state; changes that it doesn't cover come upon it.
class Onto : public testing::Test {
 protected:
  Onto() {
    const RecordId first = covered.write(10, {}, {set("", base_config)});
    covered.write(20, {first}, {set("/settings/http/a", "2"), removal("/settings/http/b")});
    covered.write(40, {first}, {append("/routes/main", R"({"action":{"return":200}})")});
    Merge before(covered.happened_before());
    before.reset(covered.changes);
    state = before.state();
    merge.set_base(state);
  }

  // Ids of their own.
  RecordId late(std::uint64_t time, std::vector<Edit> edits) {
    const RecordId id = id_of(1000 + time);
    merge.add({id, Hlc{time}, {"", "", false, std::move(edits)}});
    return id;
  }
  std::string standing(std::string_view pointer) {
    const json::value* value = find(base_of(merge.result()), at(pointer));
    return value != nullptr ? text(*value) : "nothing";
  }
  State fate(const RecordId& id) { return fate_of(merge.result(), id).state; }

  Log covered;
  MergeState state;
  Merge merge{[](const RecordId&, const RecordId&) { return false; }};
};

TEST_F(Onto, L8_NothingElseIsThatState) {
  EXPECT_EQ(text(merge.result().document), text(state.document));
  EXPECT_EQ(merge.provenance(), state.provenance);
  EXPECT_THAT(merge.result().fates, IsEmpty());
}

TEST_F(Onto, L8_AnOlderEditLosesToWhatItOverlapsWithARecord) {
  const RecordId id = late(15, {set("/settings/http/a", "3"), set("/settings/http/c", "3")});
  EXPECT_EQ(standing("/settings/http"), R"({"a":2,"c":3})");
  EXPECT_EQ(fate(id), State::partly);
  ASSERT_EQ(merge.result().conflicts.size(), 1U);
  const Conflict conflict = merge.result().conflicts[0];
  EXPECT_EQ(conflict.winner, covered.changes[1].id);
  EXPECT_EQ(conflict.loser, id);
  EXPECT_EQ(text(conflict.base), "nothing");
  EXPECT_EQ(text(conflict.mine), "3");
  EXPECT_EQ(text(conflict.theirs), "2");
}

TEST_F(Onto, L8_ANewerEditSupersedesWithoutARecord) {
  const RecordId id = late(25, {set("/settings/http/a", "3")});
  EXPECT_EQ(standing("/settings/http/a"), "3");
  EXPECT_EQ(fate(id), State::applied);
  EXPECT_THAT(merge.result().conflicts, IsEmpty());
}

TEST_F(Onto, L8_OfOneClockTheSmallerIdIsLater) {
  const RecordId larger = id_of(7);
  ASSERT_GT(larger, covered.changes[1].id);
  merge.add({larger, Hlc{20}, {"", "", false, {set("/settings/http/a", "3")}}});
  EXPECT_EQ(fate(larger), State::lost);
  const RecordId smaller;
  merge.add({smaller, Hlc{20}, {"", "", false, {set("/settings/http/a", "4")}}});
  EXPECT_EQ(standing("/settings/http/a"), "4");
}

TEST_F(Onto, L8_WhatWasRemovedStaysSoForWhoeverIsOlder) {
  const RecordId id = late(15, {set("/settings/http/b", "3"), set("/settings/http/b/x", "3")});
  EXPECT_EQ(standing("/settings/http/b"), "nothing");
  EXPECT_EQ(fate(id), State::lost);
}

TEST_F(Onto, L8_ARemovalOfWhatIsNewerLoses) {
  const RecordId id = late(15, {removal("/settings/http")});
  EXPECT_EQ(standing("/settings/http"), R"({"a":2})");
  EXPECT_EQ(fate(id), State::lost);
  EXPECT_EQ(merge.result().conflicts[0].op, EditOp::remove);
}

TEST_F(Onto, L8_WhoeverWantedWhatStandsLosesNothing) {
  const RecordId id = late(15, {set("/settings/http/a", "2"), removal("/settings/http/b")});
  EXPECT_EQ(fate(id), State::applied);
  EXPECT_THAT(merge.result().conflicts, IsEmpty());
  EXPECT_EQ(merge.provenance(), state.provenance);
}

TEST_F(Onto, L8_AppendsGetAlongButASetThatKnewNoneOfThemLoses) {
  late(30, {append("/routes/main", R"({"action":{"return":404}})")});
  EXPECT_EQ(standing("/routes/main"), R"([{"action":{"return":200}},{"action":{"return":404}}])");
  EXPECT_THAT(merge.result().conflicts, IsEmpty());
  const RecordId sets = late(35, {set("/routes/main", "[]")});
  EXPECT_EQ(fate(sets), State::lost);
  const RecordId before_all = late(5, {append("/routes/main", R"({"action":{"return":500}})")});
  EXPECT_EQ(fate(before_all), State::lost) << "the array it meant was replaced since";
}

TEST_F(Onto, L8_AConflictWithTheStateIsSettledByWhoeverKnewTheLoser) {
  const RecordId loser = id_of(900);
  Merge other([&](const RecordId& earlier, const RecordId&) { return earlier == loser; });
  other.set_base(state);
  other.add({loser, Hlc{15}, {"", "", false, {set("/settings/http/a", "3")}}});
  ASSERT_EQ(other.result().conflicts.size(), 1U);
  other.add({id_of(901), Hlc{60}, {"", "", false, {set("/settings/http/a", "4")}}});
  EXPECT_THAT(other.result().conflicts, IsEmpty());
}

TEST_F(Onto, L8_WithoutABaseTheFoldBeginsWithNothing) {
  const RecordId id = late(15, {set("/settings/http/a", "3")});
  EXPECT_EQ(fate(id), State::lost);
  merge.set_base(std::nullopt);
  EXPECT_EQ(fate(id), State::applied);
  EXPECT_EQ(standing("/settings"), R"({"http":{"a":3}})");
  EXPECT_EQ(merge.provenance().size(), 1U);
}

TEST_F(Onto, M10_WhoEmptiedItBeforeIsStillKnown) {
  Log emptying = covered;
  const RecordId by = emptying.write(50, {covered.changes[0].id}, {removal("/listeners")});
  Merge before(emptying.happened_before());
  before.reset(emptying.changes);
  merge.set_base(before.state());
  EXPECT_EQ(merge.result().emptied.at("base"), (Emptying{by, false}));
  merge.add({id_of(2000), Hlc{60}, {"", "", true, {set("/settings/x", "1")}}});
  EXPECT_EQ(merge.result().emptied.at("base"), (Emptying{id_of(2000), true}));
}

// ---- conflicts that were open ----

// Somebody set what was removed meanwhile, somebody's change lost in part, and a removal was dropped.
class OntoConflicts : public Onto {
 protected:
  OntoConflicts() {
    const RecordId first = covered.changes[0].id;
    loser = covered.write(42, {first}, {set("/settings/http/c", R"({"x":1})"), set("/settings/http/d", "1")});
    winner = covered.write(44, {first}, {set("/settings/http/c", "2")});
    covered.write(46, {first}, {set("/upstreams", R"({"u":{"servers":{"127.0.0.1:1":{}}}})")});
    covered.write(48, {first}, {removal("/settings/http")});
    Merge before(covered.happened_before());
    before.reset(covered.changes);
    state = before.state();
    merge.set_base(state);
  }
  [[nodiscard]] std::vector<std::string> conflicts() {
    std::vector<std::string> told;
    for (const Conflict& conflict : merge.result().conflicts) told.push_back(text(conflict));
    return told;
  }

  RecordId loser;
  RecordId winner;
};

TEST_F(OntoConflicts, L8_WhatNobodyHasSettledIsOpenStill) {
  ASSERT_EQ(state.conflicts.size(), 2U);
  const Conflict& overlap = state.conflicts[0];
  EXPECT_EQ(overlap.winner, winner);
  EXPECT_EQ(overlap.loser, loser);
  EXPECT_EQ(text(overlap.mine), R"({"x":1})");
  EXPECT_EQ(text(overlap.theirs), "2");
  EXPECT_EQ(*overlap.stood, std::vector<Place>{in_base("/settings/http/d")});
  EXPECT_EQ(state.conflicts[1].kind, Conflict::Kind::removal_dropped);
  EXPECT_EQ(conflicts(), (std::vector{text(state.conflicts[0]), text(state.conflicts[1])}));
  // And behind the next checkpoint.
  EXPECT_EQ(text(merge.state().conflicts.at(0)), text(overlap));
}

TEST_F(OntoConflicts, L8_AnyLaterChangeThatTouchesThePlaceSettlesIt) {
  late(60, {set("/settings/http/a", "5")});
  EXPECT_EQ(conflicts(), std::vector{text(state.conflicts[0])})
      << "it is below the removal, beside the other";
  const RecordId settles = late(61, {set("/settings/http/c", "3")});
  EXPECT_THAT(conflicts(), IsEmpty());
  merge.remove(settles);
  EXPECT_EQ(conflicts(), std::vector{text(state.conflicts[0])});
}

TEST_F(OntoConflicts, L8_WhatHasNoEffectSettlesNothing) {
  late(41, {set("/settings/http/c", "9")});                     // older
  late(60, {set("/settings/http/c", "9"), set("/junk", "1")});  // impossible
  ASSERT_EQ(conflicts().size(), 3U);
  EXPECT_EQ(conflicts()[0], text(state.conflicts[0]));
  EXPECT_EQ(conflicts()[1], text(state.conflicts[1]));
}

TEST_F(OntoConflicts, L8_ASettledOneIsOpenAgainWhereTheFoldGoesBackToItsBeginning) {
  Merge forgetful([](const RecordId&, const RecordId&) { return true; },
                  {.undo_changes = 1, .undo_bytes = 1 << 16, .snapshot_every = 2, .snapshot_bytes = 0});
  forgetful.set_base(state);
  std::vector<RecordId> ids;
  for (std::uint64_t time = 60; time < 70; ++time) {
    ids.push_back(id_of(time));
    forgetful.add({ids.back(), Hlc{time}, {"", "", false, {set("/settings/http/c", "3")}}});
    EXPECT_THAT(forgetful.result().conflicts, IsEmpty());
  }
  for (const RecordId& id : ids) forgetful.remove(id);
  EXPECT_EQ(forgetful.result().conflicts.size(), 2U);
}

// ---- provenance ----

std::string text(const Provenances& provenance) {
  std::string out;
  for (const auto& [path, of] : provenance) {
    out += to_pointer(path) + " " + std::to_string(of.hlc.value) + (of.removed ? " removed" : "") + "\n";
  }
  return out;
}

TEST(Provenance, NamesWhoSetEachLeafAppendedEachElementAndRemovedWhatIsGone) {
  Log log;
  const RecordId first =
      log.write(1, {}, {set("/settings", R"({"http":{"a":1,"b":{}},"c":2})"), set("/settings/d", "2")});
  const RecordId second = log.write(2, {first}, {removal("/settings/c")});
  const RecordId third = log.write(3, {second}, {set("/settings/http/a", "5")});
  log.write(4, {third}, {removal("/settings/d"), set("/junk", "1")});
  Merge merge(log.happened_before());
  merge.reset(log.changes);
  EXPECT_EQ(text(merge.provenance()),
            "/base/settings 1 removed\n"
            "/base/settings/c 2 removed\n"
            "/base/settings/d 1\n"
            "/base/settings/http/a 3\n"
            "/base/settings/http/b 1\n")
      << "the last one was skipped";
}

TEST(Provenance, OfAnArrayAndItsElements) {
  Log log;
  constexpr std::string_view step = R"({"action":{"return":200}})";
  const RecordId first = log.write(1, {}, {set("/routes", R"({"main":[{"action":{"return":404}}]})")});
  const RecordId second = log.write(2, {first}, {append("/routes/main", step), append("/routes/main", step)});
  const RecordId third = log.write(3, {second}, {append("/routes/main", step)});
  Merge merge(log.happened_before());
  merge.reset(log.changes);
  EXPECT_EQ(text(merge.provenance()),
            "/base/routes 1 removed\n/base/routes/main 1\n/base/routes/main/1 2\n/base/routes/main/2 "
            "2\n/base/routes/main/3 3\n");
  log.write(4, {third}, {removal("/routes/main"), removal("/never/there")});
  merge.reset(log.changes);
  EXPECT_EQ(text(merge.provenance()),
            "/base/never/there 4 removed\n/base/routes 1 removed\n/base/routes/main 4 removed\n");
}

// Else what it took away could come back with somebody who was away.
TEST(Provenance, WhatGaveWayIsKnownToHaveClearedThePlace) {
  Log log;
  const RecordId scalar = log.write(1, {}, {set("/settings/a", "1")});
  log.write(2, {scalar}, {set("/settings/a/b", "1")});
  Merge merge(log.happened_before());
  merge.reset(log.changes);
  EXPECT_EQ(text(merge.provenance()), "/base/settings/a 1 removed\n/base/settings/a/b 2\n");
}

// ---- the encoding ----

TEST_F(Onto, L1_AStateHasOneEncoding) {
  state.emptied["edge"] = {id_of(5), true};
  const auto bytes = encode_state(state);
  ASSERT_TRUE(bytes);
  const auto again = decode_state(*bytes);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(test::text(again->document), test::text(state.document));
  EXPECT_EQ(again->provenance, state.provenance);
  EXPECT_EQ(again->emptied, state.emptied);
  EXPECT_EQ(*encode_state(*again), *bytes);
}

TEST_F(OntoConflicts, L1_OpenConflictsAreReadAsTheyWereWritten) {
  const auto again = decode_state(*encode_state(state));
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(again->conflicts.size(), state.conflicts.size());
  for (std::size_t i = 0; i < state.conflicts.size(); ++i)
    EXPECT_EQ(test::text(again->conflicts[i]), test::text(state.conflicts[i]));
}

TEST_F(OntoConflicts, AConflictThatCantBeIsRefused) {
  const auto stood_at = [](Place place) {
    return std::make_shared<const std::vector<Place>>(1, std::move(place));
  };
  const auto refused = [&](auto change) {
    MergeState bad = state;
    change(bad.conflicts.at(0));
    return !decode_state(*encode_state(bad));
  };
  EXPECT_FALSE(refused([](Conflict&) {}));
  EXPECT_TRUE(refused([](Conflict& bad) { bad.kind = static_cast<Conflict::Kind>(2); }));
  EXPECT_TRUE(refused([](Conflict& bad) { bad.op = EditOp{}; }));
  EXPECT_TRUE(refused([](Conflict& bad) { bad.op = EditOp::remove; })) << "with a value";
  EXPECT_TRUE(refused([](Conflict& bad) { bad.mine.reset(); })) << "without one";
  EXPECT_TRUE(refused([](Conflict& bad) { bad.scope = "Odd"; }));
  EXPECT_TRUE(refused([](Conflict& bad) { bad.path = Path(101, "x"); }));
  EXPECT_TRUE(refused([&](Conflict& bad) { bad.stood = stood_at({"Odd", {}}); }));
}

TEST_F(OntoConflicts, L1_OtherEncodingsAreRefused) {
  const Bytes good = *encode_state(state);
  EXPECT_FALSE(decode_state({}));
  // Without what comes last it may be another state, but never one with two encodings.
  for (std::size_t size = 0; size < good.size(); ++size) {
    const BytesView shorter = BytesView(good).first(size);
    const auto decoded = decode_state(shorter);
    EXPECT_TRUE(!decoded || libp2p::equal(*encode_state(*decoded), shorter)) << size;
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes other = good;
    other[at] ^= 0x01;
    const auto decoded = decode_state(other);
    if (decoded) EXPECT_EQ(*encode_state(*decoded), other) << at;
  }
  Bytes longer = good;
  longer.insert(longer.end(), {0x28, 0x00});  // an unknown field
  EXPECT_FALSE(decode_state(longer));
}

TEST_F(Onto, AStateThatCantBeIsRefused) {
  const auto refused = [&](auto change) {
    MergeState bad = state;
    change(bad);
    return !decode_state(*encode_state(bad));
  };
  EXPECT_TRUE(refused([](MergeState& bad) { bad.document = doc("{}"); })) << "without a base";
  EXPECT_TRUE(refused([](MergeState& bad) { bad.document = doc("5"); }));
  EXPECT_TRUE(refused([](MergeState& bad) { bad.document.as_object()["base"] = 5; }));
  EXPECT_TRUE(refused([](MergeState& bad) { bad.document.as_object()["Odd"] = json::object(); }));
  EXPECT_TRUE(refused([](MergeState& bad) { bad.provenance[{}] = {}; }));
  EXPECT_TRUE(refused([](MergeState& bad) { bad.provenance[{"*", "x"}] = {}; }));
  EXPECT_TRUE(refused([](MergeState& bad) { bad.provenance[Path(200, "base")] = {}; }));
  EXPECT_TRUE(refused([](MergeState& bad) { bad.emptied["Odd"] = {}; }));
}

TEST_F(Onto, WhatDoesNotFitIntoARecordIsAnErrorThatSaysSo) {
  state.document.as_object()["base"].as_object()["settings"] = std::string(max_state_bytes, 'x');
  const auto bytes = encode_state(state);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, Errc::limit);
  EXPECT_EQ(decode_state(Bytes(max_state_bytes + 1)).error().code, Errc::limit);
  state = {unset_tree(), {}, {}, {}};
  for (std::size_t i = 0; i <= max_provenances; ++i) state.provenance[{"base", std::to_string(i)}] = {};
  EXPECT_EQ(encode_state(state).error().code, Errc::limit);
}

TEST_F(OntoConflicts, MoreConflictsThanFitAreAnErrorThatSaysWhatToDo) {
  MergeState many = state;
  many.conflicts.assign(max_open_conflicts + 1, state.conflicts[1]);
  const auto bytes = encode_state(many);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, Errc::limit);
  EXPECT_NE(bytes.error().message.find("starling conflicts"), std::string::npos);
  // What of a change stood counts once, however often it lost.
  Conflict& wide = state.conflicts[0];
  wide.stood = std::make_shared<const std::vector<Place>>(1000, in_base("/settings/x"));
  state.conflicts.assign(1000, wide);
  EXPECT_TRUE(encode_state(state));
  for (std::size_t i = 0; i < state.conflicts.size(); ++i) state.conflicts[i].loser = id_of(3000 + i);
  EXPECT_EQ(encode_state(state).error().code, Errc::limit);
}

TEST(ManyEdits, M4_AChangeThatLosesHalfOfThemHoldsOnceWhatStood) {
  constexpr std::size_t half = 2000;
  std::vector<Edit> mine;
  std::vector<Edit> theirs;
  for (std::size_t i = 0; i < 2 * half; ++i) {
    const std::string place = "/settings/n" + std::to_string(i);
    mine.push_back(set(place, "1"));
    if (i % 2 == 0) theirs.push_back(set(place, "2"));
  }
  Log log;
  log.write(10, {}, std::move(mine));
  log.write(20, {}, std::move(theirs));
  Merge merge(log.happened_before());
  merge.reset(log.changes);
  const auto expect_shared = [&](const std::vector<Conflict>& conflicts) {
    ASSERT_EQ(conflicts.size(), half);
    EXPECT_EQ(places_of(conflicts.front().stood).size(), half);
    std::set<const std::vector<Place>*> kept;
    for (const Conflict& conflict : conflicts) kept.insert(conflict.stood.get());
    EXPECT_EQ(kept.size(), 1U);
  };
  expect_shared(merge.result().conflicts);
  // And behind a checkpoint, which has room for them.
  const auto bytes = encode_state(merge.state());
  ASSERT_TRUE(bytes) << bytes.error().message;
  const auto state = decode_state(*bytes);
  ASSERT_TRUE(state) << state.error().message;
  expect_shared(state->conflicts);
  Merge onto(log.happened_before());
  onto.set_base(*state);
  expect_shared(onto.result().conflicts);
}

}  // namespace
}  // namespace starling::test
