// What a restored backup, a copied machine, a wrong clock and a peer that withholds come to, one at a time.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/world.hpp"
#include "starling/changelog/anchor.hpp"
#include "starling/fleet/held.hpp"
#include "tests/simulation/referee.hpp"

namespace starling::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds ten_years = std::chrono::hours(24 * 3652);

Path setting(const std::string& name) { return {"settings", "http", name}; }

class Recovery : public ::testing::Test {
 protected:
  World world{{.seed = 31, .nodes = 4, .joined = true}};
  Referee referee{world};

  void SetUp() override {
    world.start_all();
    ASSERT_TRUE(world.write(0, setting("a"), 1));
    settle();
  }
  // Within a minute.
  void agree() {
    ASSERT_TRUE(world.run_until([&] { return world.agreed(); }, seconds(60))) << world.disagreement();
  }
  // And with the reference.
  void settle() {
    agree();
    EXPECT_EQ(referee.look(), "");
  }
  RecordId writes(std::size_t index, const std::string& name, int value) {
    const auto written = world.write(index, setting(name), value);
    EXPECT_TRUE(written);
    return written ? written->change.value_or(RecordId{}) : RecordId{};
  }
  [[nodiscard]] std::string at(std::size_t index, const std::string& name) {
    const json::value* value = find(world.node(index).fleet().document(), setting(name));
    return value ? canonical_json(*value) : "nothing";
  }
  [[nodiscard]] std::vector<std::size_t> running() const {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < world.size(); ++i) {
      if (world.running(i)) all.push_back(i);
    }
    return all;
  }
  void expect_quarantined_where_held(const std::vector<RecordId>& changes) {
    for (const std::size_t i : running()) {
      const Fleet& fleet = world.node(i).fleet();
      for (const RecordId& change : changes) {
        if (!fleet.log().holds(change)) continue;
        EXPECT_EQ(to_string(fleet.status_of(change).state), to_string(ChangeState::quarantined))
            << "node " << i;
      }
    }
  }
  void expect_everywhere(const RecordId& change, ChangeState state) {
    for (const std::size_t i : running()) {
      EXPECT_EQ(to_string(world.node(i).fleet().status_of(change).state), to_string(state)) << "node " << i;
    }
  }
};

TEST_F(Recovery, L2_ARestoredBackupWritesOnAndNothingIsLostOrForged) {
  const Disk::Image backup = world.disk(1).image();
  const RecordId before = writes(1, "b", 1);
  settle();
  world.restore(1, backup);
  EXPECT_FALSE(world.node(1).fleet().log().holds(before));
  // It doesn't know its own last change, and writes in an incarnation of its own.
  const RecordId after = writes(1, "c", 1);
  settle();
  for (const std::size_t i : running()) {
    EXPECT_TRUE(world.node(i).fleet().log().holds(before));
    EXPECT_TRUE(world.node(i).fleet().log().holds(after));
    EXPECT_EQ(world.forks_told(i), 0U);
    EXPECT_EQ(at(i, "b") + at(i, "c"), "11");
  }
}

// Nobody can speak to both of two machines with one identity, so each has a side of its own at first.
TEST_F(Recovery, L2_ACopiedDiskWritesBesideTheOriginalWithoutAFork) {
  const std::size_t copy = world.clone(1, false);
  world.partition({copy, 2, 3});
  world.run_for(minutes(2));
  const RecordId here = writes(1, "b", 1);
  const RecordId there = writes(copy, "c", 1);
  world.run_for(minutes(1));
  world.heal();
  world.crash(copy);
  settle();
  for (const std::size_t i : running()) {
    EXPECT_TRUE(world.node(i).fleet().log().holds(here)) << i;
    EXPECT_TRUE(world.node(i).fleet().log().holds(there)) << i;
    EXPECT_EQ(world.forks_told(i), 0U) << i;
  }
}

TEST_F(Recovery, L3_AMachineCopiedAsItRunsForksAndARulingBringsOneBranchBack) {
  // A process's incarnation is drawn as it starts; this one has not written yet.
  const std::size_t copy = world.clone(1, true);
  world.partition({copy, 2, 3});
  world.run_for(minutes(2));
  const RecordId left = writes(1, "b", 1);
  const RecordId right = writes(copy, "b", 2);
  const RecordPtr written = world.node(1).fleet().log().get(left);
  ASSERT_EQ(written->record.chain(), world.node(copy).fleet().log().get(right)->record.chain());
  world.run_for(minutes(1));
  world.heal();
  settle();
  // Both alarm, and neither change counts.
  for (const std::size_t i : running()) EXPECT_GE(world.forks_told(i), 1U) << i;
  for (const std::size_t i : running()) EXPECT_EQ(at(i, "b"), "nothing") << i;
  expect_quarantined_where_held({left, right});
  ASSERT_TRUE(world.root_writes(0, RecordKind::ruling,
                                Ruling{written->record.chain(), written->record.seq, right}.to_body()));
  settle();
  expect_everywhere(right, ChangeState::applied);
  for (const std::size_t i : running()) EXPECT_EQ(at(i, "b"), "2") << i;
}

TEST_F(Recovery, L3_WhatAnAnchorCoversIsNotQuarantined) {
  const auto body = [](const std::string& name, int value) {
    return Change{"", "", false, {Edit{std::string(base_scope), setting(name), EditOp::set, value}}}
        .to_body();
  };
  const Fork fork = world.forge_fork(2, {}, {body("b", 1)}, {body("b", 2), body("c", 2)});
  world.give(0, fork.left);
  settle();
  const Fleet& fleet = world.node(0).fleet();
  ASSERT_TRUE(
      world.root_writes(0, RecordKind::anchor, Anchor{fleet.log().vector(), *fleet.revision(), 0}.to_body()));
  settle();
  world.give(3, fork.right);
  settle();
  expect_everywhere(fork.left[0]->id, ChangeState::applied);
  for (const std::size_t i : running()) {
    EXPECT_EQ(at(i, "b"), "1");
    EXPECT_TRUE(world.node(i).fleet().log().vector().at(fork.chain).fork) << i;
  }
}

TEST_F(Recovery, L7_AChangeTenYearsAheadIsHeldDiscardedAndItsEditsProposedAnew) {
  std::vector<RecordId> ahead;
  for (int value = 1; value <= 2; ++value) {
    const Change change{
        "",
        "",
        false,
        {Edit{std::string(base_scope), setting("f" + std::to_string(value)), EditOp::set, value}}};
    const RecordPtr record = world.forge(2, RecordKind::change, change.to_body(), ten_years);
    ahead.push_back(record->id);
    world.give(0, {record});
    settle();
    expect_everywhere(record->id, ChangeState::held);
  }
  const auto discard = discard_of(world.node(1).fleet(), std::array{ahead[0]});
  ASSERT_TRUE(discard) << discard.error().to_string();
  world.begin_record(1, RecordKind::change, discard->to_body());
  world.run_for(seconds(1));
  settle();
  expect_everywhere(ahead[0], ChangeState::voided);
  expect_everywhere(ahead[1], ChangeState::held);
  const auto anew = repropose_of(world.node(3).fleet(), std::array{ahead[1]});
  ASSERT_TRUE(anew) << anew.error().to_string();
  world.begin_record(3, RecordKind::change, anew->to_body());
  world.run_for(seconds(1));
  settle();
  expect_everywhere(ahead[1], ChangeState::voided);
  for (const std::size_t i : running()) EXPECT_EQ(at(i, "f1") + " " + at(i, "f2"), "nothing 2");
}

TEST_F(Recovery, L7_ANodeWhoseClockRunsAwayMayNotWriteAndSaysWhy) {
  world.set_clock_error(2, ten_years);
  world.run_for(seconds(60));
  const auto refused = world.write(2, setting("b"), 1);
  ASSERT_FALSE(refused);
  EXPECT_NE(canonical_json(refused.error().body).find("clock"), std::string::npos);
  ASSERT_TRUE(world.write(0, setting("c"), 1));
  settle();
}

TEST_F(Recovery, L7_WhatItWroteBeforeItHeardOfTheOthersIsHeldByItselfAsWell) {
  world.crash(2);
  world.partition({2});
  world.set_clock_error(2, ten_years);
  world.start(2);
  const RecordId ahead = writes(2, "b", 1);
  EXPECT_EQ(world.node(2).fleet().status_of(ahead).state, ChangeState::applied);
  world.heal();
  world.run_for(seconds(60));
  settle();
  expect_everywhere(ahead, ChangeState::held);
}

TEST_F(Recovery, M8_AnAcknowledgedChangeThatIsHeldAfterARestartIsTold) {
  world.crash(2);
  world.partition({2});
  world.set_clock_error(2, std::chrono::hours(1));
  world.start(2);
  const RecordId ahead = writes(2, "b", 1);
  EXPECT_EQ(world.node(2).fleet().status_of(ahead).state, ChangeState::applied);
  world.run_for(seconds(10));
  world.crash(2);
  world.set_clock_error(2, milliseconds(0));
  world.start(2);
  const auto told = [&] {
    std::vector<std::string> states;
    for (const Event& event : world.node(2).api().events.after(0)) {
      if (event.type == "change" && event.data.at("id").as_string() == to_cid(ahead))
        states.emplace_back(event.data.at("state").as_string());
    }
    return states;
  };
  EXPECT_EQ(told(), std::vector<std::string>({"held"}));
  world.run_for(seconds(10));
  world.crash(2);
  world.start(2);
  EXPECT_TRUE(told().empty()) << "it has been told";
  world.run_for(std::chrono::hours(1));
  EXPECT_EQ(told(), std::vector<std::string>({"applied"}));
}

TEST_F(Recovery, L7_AClockThatJumpsBackTakesNothingAway) {
  const auto before = world.node(2).fleet().revision();
  world.set_clock_error(2, -ten_years);
  for (int second = 0; second < 60; ++second) {
    world.run_for(seconds(1));
    ASSERT_EQ(world.node(2).fleet().revision(), before) << "after " << second << " s";
  }
  EXPECT_TRUE(world.node(2).fleet().held().empty());
}

// A checkpoint signed by root, of what a node folds, and all running nodes forget what it covers.
TEST_F(Recovery, L8_ANewcomerAndOneFromBeforeTheHorizonGoOnFromACheckpoint) {
  for (int value = 0; value < 20; ++value) writes(1, "b", value);
  settle();
  world.crash(3);
  const RecordId unsent = writes(2, "c", 1);
  for (int value = 0; value < 5; ++value) writes(0, "b", 100 + value);
  settle();
  const auto checkpoint = world.runtime().run(world.node(0).fleet().next_checkpoint());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const RecordPtr written = world.root_writes(0, RecordKind::checkpoint, checkpoint->to_body());
  ASSERT_TRUE(written);
  settle();
  for (const std::size_t i : running()) {
    EXPECT_EQ(world.node(i).fleet().checkpoint()->id, written->id);
    const auto dropped = world.runtime().run(world.node(i).fleet().drop_covered({}));
    ASSERT_TRUE(dropped);
    EXPECT_GT(*dropped, 20U);
    EXPECT_FALSE(world.node(i).fleet().log().holds(unsent));
  }
  writes(1, "d", 1);
  agree();
  // One has been away, the other begins with nothing: both hear of what nobody has any more.
  world.run_for(minutes(2));  // gossip remembers for a while
  world.start(3);
  world.reinstall(2, 0);
  agree();
  for (const std::size_t i : running()) {
    EXPECT_EQ(at(i, "b") + " " + at(i, "c") + " " + at(i, "d"), "104 1 1") << i;
    ASSERT_NE(world.node(i).fleet().horizon(), nullptr) << i;
    EXPECT_EQ(world.node(i).fleet().horizon()->record->id, written->id) << i;
    EXPECT_EQ(world.node(i).fleet().log().waiting(), 0U) << i;
  }
  const RecordId after = writes(3, "e", 1);
  agree();
  expect_everywhere(after, ChangeState::applied);
  // And over a restart.
  world.crash(3);
  world.start(3);
  agree();
}

TEST_F(Recovery, L5_WhatOnePeerWithholdsComesFromAnother) {
  world.withhold(0);
  std::vector<RecordId> written;
  for (int i = 0; i < 8; ++i) written.push_back(writes(3, "w" + std::to_string(i), i));
  settle();
  world.crash(1);
  const RecordId last = writes(3, "last", 1);
  world.start(1);
  settle();
  written.push_back(last);
  for (const RecordId& change : written) expect_everywhere(change, ChangeState::applied);
}

TEST_F(Recovery, L5_WhatALinkLosesOneWayComesByAnother) {
  world.cut_one_way(0, 1);
  const RecordId unheard = writes(0, "b", 1);
  const RecordId heard = writes(1, "c", 1);
  settle();
  expect_everywhere(unheard, ChangeState::applied);
  expect_everywhere(heard, ChangeState::applied);
}

TEST(Liveness, L3_AForkOfTwoEquallyLongSidesIsFoundByPullingAlone) {
  World quiet({.seed = 32, .nodes = 2, .gossip = false, .joined = true});
  quiet.start_all();
  quiet.partition({0});
  const auto body = [](int value) {
    return Change{"", "", false, {Edit{std::string(base_scope), setting("b"), EditOp::set, value}}}.to_body();
  };
  const Fork fork = quiet.forge_fork(1, {}, {body(1)}, {body(2)});
  quiet.give(0, fork.left);
  quiet.give(1, fork.right);
  quiet.heal();
  EXPECT_TRUE(
      quiet.run_until([&] { return quiet.forks_told(0) > 0 && quiet.forks_told(1) > 0; }, seconds(60)));
}

TEST(Liveness, L5_TwoConnectedNodesAreInStepWithinOneRoundOfPulling) {
  for (std::uint64_t seed = 41; seed < 46; ++seed) {
    World world({.seed = seed, .nodes = 2, .gossip = false, .joined = true});
    world.start_all();
    world.run_for(seconds(40));
    ASSERT_TRUE(world.write(0, setting("a"), 1));
    // A round is 10 to 30 s.
    EXPECT_TRUE(world.run_until([&] { return world.agreed(); }, seconds(31))) << world.disagreement();
  }
}

}  // namespace
}  // namespace starling::sim
