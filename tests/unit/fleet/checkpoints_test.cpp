#include "starling/fleet/held.hpp"
#include "starling/fleet/history_keeper.hpp"
#include "tests/support/conflict_text.hpp"
#include "tests/unit/fleet/checkpoint_world.hpp"

namespace starling {
namespace {

using testing::CheckpointsTest;
using testing::key_of;
using testing::month;
using testing::must;
using testing::set_change;
using testing::Watcher;

TEST_F(CheckpointsTest, L8_ACheckpointChangesNothingOfWhatIsDesired) {
  for (int i = 0; i < 5; ++i) world.write(*one, {"settings", "a"}, i);
  exchange();
  const auto before = one->revision();
  const RecordPtr written = checkpoint();
  EXPECT_EQ(one->checkpoint(), written);
  EXPECT_EQ(admin->checkpoint(), written);
  EXPECT_EQ(one->revision(), admin->revision());
  EXPECT_NE(one->revision(), before);
  EXPECT_EQ(setting(*one, "a"), 4);
  EXPECT_EQ(setting(*one, "n4"), 9);
  // And what is written on top of it is one state again.
  world.write(*one, {"settings", "n4"}, "new");
  exchange();
  EXPECT_EQ(one->revision(), admin->revision());
  const auto again = world.fleet_of(1, store_one);
  EXPECT_EQ(again->revision(), one->revision());
  EXPECT_EQ(again->checkpoint()->id, written->id);
}

TEST_F(CheckpointsTest, L8_BodiesAreForgottenAMonthLaterAndNotBefore) {
  checkpoint();
  EXPECT_EQ(drop(*one), 0U);
  world.runtime.run_for(month + std::chrono::hours(1));
  const auto revision = one->revision();
  const std::size_t stored = store_one.size();
  EXPECT_GE(drop(*one), 9U);
  EXPECT_LT(store_one.size(), stored);
  EXPECT_EQ(one->log().size(), store_one.size());
  EXPECT_EQ(one->revision(), revision);
  world.write(*one, {"settings", "a"}, 1);
  exchange();
  EXPECT_EQ(one->revision(), admin->revision());
  EXPECT_EQ(one->log().vector(), admin->log().vector());
  const auto again = world.fleet_of(1, store_one);
  EXPECT_EQ(again->revision(), one->revision());
  EXPECT_EQ(again->log().vector(), one->log().vector());
}

TEST_F(CheckpointsTest, M4_AnOpenConflictStaysOpenThoughItsChangesAreForgotten) {
  world.write(*one, {"settings", "a"}, 0);
  exchange();
  const RecordPtr loser = world.write(*one, {"settings", "a"}, 1);
  world.runtime.run_for(std::chrono::seconds(1));
  const RecordPtr winner = world.write(*admin, {"settings", "a"}, 2);
  exchange();
  ASSERT_EQ(one->merged().conflicts.size(), 1U);
  const std::string before = text_of(one->merged().conflicts[0]);
  checkpoint();
  world.runtime.run_for(month + std::chrono::hours(1));
  drop(*one);
  ASSERT_FALSE(one->log().holds(loser->id));
  checkpoint();
  const auto again = world.fleet_of(1, store_one);
  for (const Fleet* fleet : {one.get(), admin.get(), again.get()}) {
    ASSERT_EQ(fleet->merged().conflicts.size(), 1U);
    EXPECT_EQ(text_of(fleet->merged().conflicts[0]), before);
  }
  // As it is applied again.
  world.write(*one, {"settings", "a"}, 1);
  exchange();
  EXPECT_TRUE(one->merged().conflicts.empty());
  EXPECT_TRUE(admin->merged().conflicts.empty());
}

TEST_F(CheckpointsTest, L8_ANewNodeStartsFromACheckpointWhoseChangesNobodyHasAnyMore) {
  checkpoint();
  world.runtime.run_for(month + std::chrono::hours(1));
  drop(*one);
  world.write(*one, {"settings", "a"}, 1);
  // A stranger's store: nothing in it but what `one` can still tell.
  MemoryStore store;
  Fleet fresh(world.runtime.env(), world.id, key_of(2), store);
  ASSERT_TRUE(fresh.load());
  for (const RecordPtr& record : one->log().records()) EXPECT_TRUE(world.runtime.run(fresh.accept({record})));
  EXPECT_FALSE(fresh.revision());
  believe_oldest(fresh);
  EXPECT_EQ(fresh.log().waiting(), 0U);
  EXPECT_EQ(fresh.revision(), one->revision());
  EXPECT_EQ(fresh.log().vector(), one->log().vector());
  // It can write, and be followed.
  const RecordPtr written = world.write(fresh, {"settings", "b"}, 2);
  world.pass_on(fresh, *one);
  EXPECT_EQ(one->status_of(written->id).state, ChangeState::applied);
  EXPECT_EQ(fresh.revision(), one->revision());
  // It hasn't come to that state itself, and must not be the one who forgets.
  EXPECT_EQ(drop(fresh), 0U);
  world.runtime.run(fresh.stop());
  Fleet again(world.runtime.env(), world.id, key_of(2), store);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.revision(), one->revision());
}

TEST_F(CheckpointsTest, L8_ANodeFromBeforeTheHorizonTakesPartWithWhatItHadNotSent) {
  world.write(*one, {"settings", "a"}, 1);
  exchange();
  MemoryStore store;
  const auto away = world.fleet_of(2, store);
  world.pass_on(*one, *away);
  world.write(*away, {"settings", "kept"}, "by the returning");
  world.write(*away, {"settings", "n1"}, "lost to the later");
  world.runtime.run_for(std::chrono::hours(1));
  checkpoint();
  world.runtime.run_for(month + std::chrono::hours(1));
  EXPECT_GT(drop(*one), 0U);
  EXPECT_GT(drop(*admin), 0U);
  world.write(*one, {"settings", "b"}, 1);
  world.pass_on(*one, *away);
  believe_oldest(*away);
  world.pass_on(*away, *one);
  world.pass_on(*one, *admin);
  for (const Fleet* fleet : {one.get(), admin.get(), away.get()}) {
    EXPECT_EQ(fleet->log().waiting(), 0U);
    EXPECT_EQ(setting(*fleet, "kept"), "by the returning");
    EXPECT_EQ(setting(*fleet, "n1"), 6);
    EXPECT_EQ(fleet->revision(), one->revision());
    EXPECT_EQ(fleet->merged().conflicts.size(), 1U);
  }
  world.runtime.run(away->stop());
}

TEST_F(CheckpointsTest, RV30_WhatWasRemovedDoesNotComeBackByAnOlderChange) {
  world.write(*one, {"settings", "gone"}, 1);
  exchange();
  MemoryStore store;
  const auto away = world.fleet_of(2, store);
  world.pass_on(*one, *away);
  world.write(*away, {"settings", "gone"}, 2);
  world.runtime.run_for(std::chrono::hours(1));
  Change removal;
  removal.edits.push_back({std::string(base_scope), {"settings", "gone"}, EditOp::remove, std::nullopt});
  (void)must(world.runtime.run(one->author(RecordKind::change, removal.to_body())));
  checkpoint();
  world.runtime.run_for(month + std::chrono::hours(1));
  drop(*one);
  world.pass_on(*away, *one);
  EXPECT_EQ(setting(*one, "gone"), nullptr);
  world.runtime.run(away->stop());
}

TEST_F(CheckpointsTest, RV30_WhatWasDiscardedStaysVoidWhenTheDiscardIsBehindACheckpoint) {
  constexpr std::chrono::hours ahead{24 * 365};
  MemoryStore future_store;
  const auto future = world.fleet_of(2, future_store, ahead);
  const RecordPtr early = world.write(*future, {"settings", "early"}, 1);
  world.pass_on(*future, *one);
  const Change discard = must(discard_of(*one, std::vector{early->id}));
  (void)must(world.runtime.run(one->author(RecordKind::change, discard.to_body())));
  checkpoint();
  world.runtime.run_for(month + std::chrono::hours(1));
  drop(*one);
  // A newcomer that hears of the discarded change last, when its time has come.
  MemoryStore store;
  Fleet fresh(world.runtime.env(), world.id, key_of(50), store);
  ASSERT_TRUE(fresh.load());
  for (const RecordPtr& record : one->log().records()) {
    if (record->id != early->id) EXPECT_TRUE(world.runtime.run(fresh.accept({record})));
  }
  believe_oldest(fresh);
  world.runtime.run_for(ahead);
  EXPECT_TRUE(world.runtime.run(fresh.accept({early})));
  EXPECT_EQ(fresh.status_of(early->id).state, ChangeState::voided);
  EXPECT_EQ(setting(fresh, "early"), nullptr);
  world.runtime.run(fresh.stop());
  world.runtime.run(future->stop());
}

TEST_F(CheckpointsTest, L8_WhatWasDiscardedBehindACheckpointIsForgottenWhole) {
  constexpr std::chrono::hours ahead{1};
  MemoryStore future_store;
  const auto future = world.fleet_of(2, future_store, ahead);
  const RecordPtr early = world.write(*future, {"settings", "early"}, 1);
  world.pass_on(*future, *one);
  const Change discard = must(discard_of(*one, std::vector{early->id}));
  (void)must(world.runtime.run(one->author(RecordKind::change, discard.to_body())));
  world.runtime.run_for(2 * ahead);
  checkpoint();
  EXPECT_EQ(one->status_of(early->id).state, ChangeState::voided);
  world.runtime.run_for(month + ahead);
  EXPECT_GT(drop(*one), 0U);
  EXPECT_FALSE(one->log().holds(early->id));
  one->tick();
  world.write(*one, {"settings", "b"}, 1);
  EXPECT_EQ(setting(*one, "b"), 1);
  EXPECT_EQ(setting(*one, "early"), nullptr);
  world.runtime.run(future->stop());
}

// Looks at a fleet while what it has in its log is on its way to the disk.
class WatchedStore final : public Store {
 public:
  Result<> append(std::span<const RecordPtr> records, const Facts& facts) override {
    if (while_writing) std::exchange(while_writing, nullptr)();
    return inner_.append(records, facts);
  }
  Result<> drop(std::span<const RecordId> ids, const Facts& facts) override {
    return inner_.drop(ids, facts);
  }
  Result<Contents> load() override { return inner_.load(); }
  std::function<void()> while_writing;

 private:
  MemoryStore inner_;
};

TEST_F(CheckpointsTest, L8_WhatIsOnItsWayToTheDiskIsNotCovered) {
  WatchedStore store;
  const auto writer = world.fleet_of(2, store);
  world.write(*writer, {"settings", "a"}, 1);
  const auto before = writer->revision();
  const VersionVector covered = writer->log().vector();
  Checkpoint taken;
  bool settled = true;
  libp2p::TaskGroup tasks(world.runtime.env());
  const auto take = [&]() -> Task<> {
    settled = writer->settled();
    taken = must(co_await writer->next_checkpoint());
  };
  store.while_writing = [&] { tasks.spawn("take", take()); };
  world.write(*writer, {"settings", "late"}, 1);
  world.runtime.run(tasks.join());
  world.pass_on(*writer, *one);
  EXPECT_FALSE(settled);
  EXPECT_EQ(taken.anchor.vector, covered);
  EXPECT_EQ(taken.anchor.revision, before);
  EXPECT_EQ(setting(*one, "late"), 1);
  // So whoever holds all of it agrees, and loses nothing.
  exchange();
  Watcher watcher;
  one->add_observer(watcher);
  const RecordPtr written = must(world.runtime.run(admin->author(RecordKind::checkpoint, taken.to_body())));
  exchange();
  EXPECT_TRUE(watcher.differs.empty());
  EXPECT_EQ(one->checkpoint(), written);
  EXPECT_EQ(setting(*one, "late"), 1);
  EXPECT_EQ(one->revision(), admin->revision());
  one->remove_observer(watcher);
  world.runtime.run(writer->stop());
}

TEST_F(CheckpointsTest, RV31_AForgedStateIsRefusedByWhoeverHoldsWhatItCovers) {
  for (int i = 0; i < 5; ++i) world.write(*one, {"settings", "a"}, i);
  exchange();
  Checkpoint forged;
  forged.anchor = {one->log().vector(), *one->revision(), 0};
  Merge other([](const RecordId&, const RecordId&) { return false; });
  other.add({world.records[0]->id, world.now(), set_change({"settings", "a"}, "forged")});
  forged.state = must(encode_state(other.state()));
  const RecordPtr written = must(world.runtime.run(admin->author(RecordKind::checkpoint, forged.to_body())));
  Watcher watcher;
  one->add_observer(watcher);
  const auto revision = one->revision();
  exchange();
  EXPECT_EQ(watcher.differs, std::vector<RecordId>({written->id}));
  EXPECT_EQ(one->checkpoint(), nullptr);
  EXPECT_EQ(one->revision(), revision);
  EXPECT_EQ(setting(*one, "a"), 4);
  one->remove_observer(watcher);
  // It is not asked again after a restart, and a right one follows.
  EXPECT_EQ(world.fleet_of(1, store_one)->revision(), revision);
  const RecordPtr right = checkpoint();
  EXPECT_EQ(one->checkpoint(), right);
}

TEST_F(CheckpointsTest, RV31_OneThatCoversLessThanTheOneBeforeItCountsForNothing) {
  const RecordPtr right = checkpoint();
  Checkpoint forged;
  Merge other([](const RecordId&, const RecordId&) { return false; });
  other.add({world.records[0]->id, world.now(), set_change({"settings", "n4"}, "forged")});
  forged.anchor.revision = other.revision();
  forged.anchor.base = right->id;
  forged.state = must(encode_state(other.state()));
  const auto revision = one->revision();
  (void)must(world.runtime.run(admin->author(RecordKind::checkpoint, forged.to_body())));
  exchange();
  for (const Fleet* fleet : {one.get(), admin.get()}) {
    EXPECT_EQ(fleet->checkpoint()->id, right->id);
    EXPECT_EQ(fleet->revision(), revision);
    EXPECT_EQ(setting(*fleet, "n4"), 9);
  }
  EXPECT_EQ(world.fleet_of(1, store_one)->revision(), revision);
}

TEST_F(CheckpointsTest, RV31_AStateThatIsNoStateStandsForNobody) {
  world.write(*one, {"settings", "a"}, 1);
  exchange();
  Checkpoint forged;
  forged.anchor = {one->log().vector(), *one->revision(), 0};
  forged.state = {1, 2, 3};
  (void)must(world.runtime.run(admin->author(RecordKind::checkpoint, forged.to_body())));
  exchange();
  EXPECT_EQ(one->checkpoint(), nullptr);
  EXPECT_EQ(setting(*one, "a"), 1);
}

TEST_F(CheckpointsTest, RV31_ACheckpointOfAnOperatorCountsForNothing) {
  world.write(*one, {"settings", "a"}, 1);
  EXPECT_FALSE(world.runtime.run(one->write_checkpoint()));
}

TEST_F(CheckpointsTest, L8_OfTwoThatFollowTheSameOneTheSmallerIdCountsEverywhere) {
  const RecordPtr first = checkpoint();
  world.write(*one, {"settings", "a"}, 1);
  exchange();
  // The admin's second machine, which has not heard of the other's.
  MemoryStore copy = store_admin;
  const auto second = world.fleet_of(3, copy);
  world.runtime.run_for(std::chrono::seconds(1));
  const RecordPtr left = must(world.runtime.run(admin->write_checkpoint()));
  const RecordPtr right = must(world.runtime.run(second->write_checkpoint()));
  ASSERT_NE(left->id, right->id);
  world.pass_on(*second, *one);
  exchange();
  world.pass_on(*one, *second);
  const RecordId smaller = std::min(left->id, right->id);
  for (const Fleet* fleet : {one.get(), admin.get(), second.get()}) {
    EXPECT_EQ(fleet->checkpoint()->id, smaller);
    EXPECT_EQ(fleet->revision(), one->revision());
  }
  world.runtime.run(second->stop());
}

TEST_F(CheckpointsTest, L8_WhatOneCoversIsForgottenThoughTheNextIsTooLarge) {
  checkpoint();
  const std::string half(max_state_bytes / 2, 'x');
  for (const char* name : {"a", "b"}) world.write(*admin, {"settings", name}, json::value(half));
  HistoryPolicy policy;
  policy.log_bytes = 1024;
  policy.keep_bodies = std::chrono::hours(1);
  policy.look_every = std::chrono::minutes(30);
  HistoryKeeper keeper(world.runtime.env(), *admin, policy);
  keeper.start();
  const std::size_t before = admin->log().size();
  world.runtime.run_for(std::chrono::hours(3));
  EXPECT_LT(admin->log().size(), before);
  world.runtime.run(keeper.stop());
}

TEST_F(CheckpointsTest, L8_AYearOfSteadyWritingTakesABoundedStore) {
  HistoryPolicy policy;
  policy.log_bytes = 32 * 1024;
  policy.look_every = std::chrono::hours(6);
  HistoryKeeper keeper_one(world.runtime.env(), *one, policy);
  HistoryKeeper keeper_admin(world.runtime.env(), *admin, policy);
  keeper_one.start();
  keeper_admin.start();
  std::size_t most = 0;
  for (int day = 0; day < 365; ++day) {
    for (int i = 0; i < 4; ++i) world.write(*one, {"settings", "n" + std::to_string(i)}, day * 4 + i);
    exchange();
    world.runtime.run_for(std::chrono::hours(24));
    most = std::max(most, one->log().bytes());
  }
  // A month of it, and what has come since the last checkpoint, twice over: one always stays.
  EXPECT_LT(most, 4 * policy.log_bytes);
  EXPECT_EQ(one->log().size(), store_one.size());
  exchange();
  EXPECT_EQ(one->revision(), admin->revision());
  EXPECT_EQ(setting(*one, "n3"), 364 * 4 + 3);
  world.runtime.run(keeper_one.stop());
  world.runtime.run(keeper_admin.stop());
  EXPECT_EQ(world.fleet_of(1, store_one)->revision(), admin->revision());
}

}  // namespace
}  // namespace starling
