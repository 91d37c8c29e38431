#include "starling/fleet/history_keeper.hpp"
#include "tests/support/streams.hpp"
#include "tests/unit/fleet/fleet_world.hpp"

namespace starling {
namespace {

using testing::FleetWorld;
using testing::key_of;
using testing::must;

struct Watcher final : FleetObserver {
  void on_state_differs(const RecordPtr& anchor) override { differs.push_back(anchor->id); }
  std::vector<RecordId> differs;
};

// Node 3 is an admin.
class AnchorsTest : public ::testing::Test {
 protected:
  AnchorsTest() : one(world.fleet_of(1, store_one)), admin(world.fleet_of(3, store_admin)) {
    one->add_observer(watcher);
  }
  ~AnchorsTest() override {
    one->remove_observer(watcher);
    world.runtime.run(one->stop());
    world.runtime.run(admin->stop());
  }
  RecordPtr anchor(std::uint32_t level = 0) { return must(world.runtime.run(admin->write_anchor(level))); }

  FleetWorld world;
  MemoryStore store_one;
  MemoryStore store_admin;
  std::unique_ptr<Fleet> one;
  std::unique_ptr<Fleet> admin;
  Watcher watcher;
};

TEST_F(AnchorsTest, L8_AnAnchorCoversWhatIsFoldedAndOthersComeToTheSameState) {
  world.write(*one, {"settings", "a"}, 1);
  world.pass_on(*one, *admin);
  const RecordPtr written = anchor();
  const Anchor said = must(Anchor::from_body(written->record.body));
  EXPECT_EQ(said.revision, admin->revision());
  for (const RecordPtr& record : one->log().records())
    EXPECT_TRUE(admin->log().covered_by(said.vector, *record));
  world.pass_on(*admin, *one);
  // Compared later as well, when more has come.
  world.write(*one, {"settings", "a"}, 2);
  EXPECT_TRUE(watcher.differs.empty());
}

TEST_F(AnchorsTest, M9_AnotherStateForTheSameVectorIsAnAlarm) {
  world.write(*one, {"settings", "a"}, 1);
  world.pass_on(*one, *admin);
  Anchor wrong = must(Anchor::from_body(anchor()->record.body));
  wrong.revision.bytes.fill(7);
  const RecordPtr written = must(world.runtime.run(admin->author(RecordKind::anchor, wrong.to_body())));
  world.pass_on(*admin, *one);
  EXPECT_EQ(watcher.differs, std::vector<RecordId>({written->id}));
}

TEST_F(AnchorsTest, M9_AnAnchorThatComesLateIsComparedWithWhatItCovers) {
  world.write(*one, {"settings", "a"}, 1);
  world.pass_on(*one, *admin);
  const Anchor right = must(Anchor::from_body(anchor()->record.body));
  Anchor wrong = right;
  wrong.revision.bytes.fill(7);
  const RecordPtr written = must(world.runtime.run(admin->author(RecordKind::anchor, wrong.to_body())));
  world.write(*one, {"settings", "a"}, 2);
  world.pass_on(*admin, *one);
  EXPECT_EQ(watcher.differs, std::vector<RecordId>({written->id}));
}

TEST_F(AnchorsTest, L7_WhatIsHeldIsNotCoveredAndAlarmsNobodyOnceItEnters) {
  MemoryStore store;
  const auto future = world.fleet_of(2, store, std::chrono::hours(1));
  world.write(*one, {"settings", "a"}, 1);
  const RecordPtr early = world.write(*future, {"settings", "b"}, 2);
  world.pass_on(*one, *admin);
  world.pass_on(*future, *admin);
  const RecordPtr written = anchor();
  const Anchor said = must(Anchor::from_body(written->record.body));
  EXPECT_FALSE(said.vector.contains(early->record.chain()));
  world.runtime.run_for(std::chrono::hours(2));
  world.pass_on(*admin, *one);
  one->tick();
  EXPECT_EQ(one->status_of(early->id).state, ChangeState::applied);
  EXPECT_TRUE(watcher.differs.empty());
  world.runtime.run(future->stop());
}

TEST_F(AnchorsTest, M9_ALevelIsRaisedByAnAdminAndNotTakenBack) {
  world.write(*one, {"settings", "a"}, 1);
  world.pass_on(*one, *admin);
  EXPECT_FALSE(world.runtime.run(one->write_anchor(2)));
  EXPECT_FALSE(world.runtime.run(admin->write_anchor(1)));
  EXPECT_FALSE(world.runtime.run(admin->write_anchor(newest_merge_level + 1)));
  EXPECT_EQ(one->level(), 1U);
  anchor(2);
  world.pass_on(*admin, *one);
  EXPECT_EQ(one->level(), 2U);
  EXPECT_EQ(one->revision(), admin->revision());
  EXPECT_FALSE(world.runtime.run(admin->write_anchor(2)));
  EXPECT_EQ(world.fleet_of(1, store_one)->level(), 2U);
}

TEST_F(AnchorsTest, M9_AtALevelThatItDoesNotKnowANodeDesiresNothingAndWritesNothing) {
  world.write(*one, {"settings", "a"}, 1);
  Anchor newer{one->log().vector(), *one->revision(), newest_merge_level + 1};
  Author author(key_of(3), 50);
  const RecordPtr raised =
      must(author.write(one->authoring_context(), RecordKind::anchor, world.records[3]->id, newer.to_body()));
  EXPECT_TRUE(world.runtime.run(one->accept({raised})));
  EXPECT_FALSE(one->revision());
  const auto refused = one->may_author(RecordKind::change);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("upgrade needed"), std::string::npos);
}

TEST_F(AnchorsTest, L8_AnAnchorIsDueAfterADayOrManyChangesAndByThoseWhoMay) {
  HistoryPolicy policy;
  policy.anchor_changes = 5;
  EXPECT_EQ(history_duty(*admin, policy), HistoryDuty::nothing);
  world.write(*admin, {"settings", "a"}, 1);
  EXPECT_EQ(history_duty(*admin, policy), HistoryDuty::anchor);
  world.pass_on(*admin, *one);
  EXPECT_EQ(history_duty(*one, policy), HistoryDuty::nothing);
  anchor();
  for (int i = 0; i < 4; ++i) world.write(*admin, {"settings", "a"}, i);
  EXPECT_EQ(history_duty(*admin, policy), HistoryDuty::nothing);
  world.write(*admin, {"settings", "a"}, 4);
  EXPECT_EQ(history_duty(*admin, policy), HistoryDuty::anchor);
  anchor();
  // Nothing new: none is due however long that goes on.
  world.runtime.run_for(std::chrono::hours(100));
  EXPECT_EQ(history_duty(*admin, policy), HistoryDuty::nothing);
  world.write(*admin, {"settings", "a"}, 5);
  EXPECT_EQ(history_duty(*admin, policy), HistoryDuty::anchor);
}

TEST_F(AnchorsTest, RV08_ManyHeadsAreJoined) {
  HistoryPolicy policy;
  policy.heads = 10;
  world.write(*one, {"settings", "a"}, 1);
  std::vector<RecordPtr> tips;
  for (std::uint64_t i = 0; i < 30; ++i) tips.push_back(world.forge(2, 100 + i, nullptr, 1, world.now()));
  EXPECT_TRUE(world.runtime.run(one->accept(tips)));
  EXPECT_EQ(history_duty(*one, policy), HistoryDuty::join_heads);
  HistoryKeeper keeper(world.runtime.env(), *one, policy);
  keeper.start();
  world.runtime.run_for(std::chrono::minutes(10));
  world.runtime.run(keeper.stop());
  EXPECT_LE(one->log().heads().size(), 10U);
}

TEST_F(AnchorsTest, L8_TheKeeperWritesWhatIsDueAndNoMore) {
  HistoryKeeper keeper(world.runtime.env(), *admin);
  keeper.start();
  world.write(*admin, {"settings", "a"}, 1);
  world.runtime.run_for(std::chrono::hours(2));
  EXPECT_EQ(admin->controls().anchors(admin->charter(), admin->log()).size(), 1U);
  world.write(*admin, {"settings", "a"}, 2);
  world.runtime.run_for(std::chrono::hours(30));
  EXPECT_EQ(admin->controls().anchors(admin->charter(), admin->log()).size(), 2U);
  world.runtime.run(keeper.stop());
}

TEST_F(AnchorsTest, L8_InPlaceOfACheckpointThatIsTooLargeAnAnchorIsWrittenAndItIsTriedAgainADayLater) {
  HistoryPolicy policy;
  policy.log_bytes = 1024 * 1024;
  policy.look_every = std::chrono::minutes(10);
  libp2p::test::MemoryLog log;
  const Env env = world.runtime.env();
  HistoryKeeper keeper({env.executor, env.clock, env.timers, env.random, log, env.workers}, *admin, policy);
  const auto tries = [&] {
    return std::ranges::count_if(
        log.lines, [](const std::string& line) { return line.starts_with("checkpoint.too_large "); });
  };
  const std::string half(max_state_bytes / 2, 'x');
  for (const char* name : {"a", "b"}) world.write(*admin, {"settings", name}, json::value(half));
  keeper.start();
  world.runtime.run_for(std::chrono::hours(23));
  EXPECT_EQ(tries(), 1);
  EXPECT_EQ(admin->controls().anchors(admin->charter(), admin->log()).size(), 1U);
  world.runtime.run_for(std::chrono::hours(2));
  EXPECT_EQ(tries(), 2);
  // What was in the way is gone.
  world.write(*admin, {"settings", "a"}, 1);
  world.runtime.run_for(std::chrono::hours(24));
  EXPECT_EQ(tries(), 2);
  EXPECT_NE(admin->checkpoint(), nullptr);
  world.runtime.run(keeper.stop());
}

}  // namespace
}  // namespace starling
