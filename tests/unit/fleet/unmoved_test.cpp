// What one member, or one admin, can't bring a node to by way of a checkpoint (rules L3, L7, L8).
#include "libp2p/base/notifier.hpp"
#include "tests/unit/fleet/checkpoint_world.hpp"

namespace starling {
namespace {

using testing::CheckpointsTest;
using testing::key_of;
using testing::must;
using testing::peer_of;
using testing::Watcher;

class UnmovedTest : public CheckpointsTest {
 protected:
  void SetUp() override {
    for (int i = 0; i < 3; ++i) world.write(*one, {"settings", "a"}, i);
    exchange();
  }
  // Whoever holds the key of `node` can sign this.
  struct Said {
    std::uint8_t node = 0;
    RecordKind kind{};
    std::uint64_t incarnation = 0;
    std::uint64_t seq = 1;
    RecordId prev = {};
    std::vector<RecordId> parents = {};
    Bytes body = {};
    std::optional<RecordId> grant = std::nullopt;
  };
  RecordPtr sign(Said said) {
    Record record;
    record.fleet = world.id;
    record.kind = said.kind;
    record.author = peer_of(key_of(said.node));
    record.incarnation = said.incarnation;
    record.seq = said.seq;
    record.prev = said.prev;
    record.parents = std::move(said.parents);
    record.grant = said.grant.value_or(world.records[said.node]->id);
    record.hlc = Hlc{world.now().value + ++signed_};
    record.body = std::move(said.body);
    return must(sign_record(record, key_of(said.node)));
  }
  static Bytes set(std::string name, json::value value) {
    return testing::set_change({"settings", std::move(name)}, std::move(value)).to_body();
  }
  static RecordId nobodys() {
    RecordId id;
    id.bytes.fill(9);
    return id;
  }
  void give(Fleet& fleet, const std::vector<RecordPtr>& records) {
    EXPECT_TRUE(world.runtime.run(fleet.accept(records)));
    world.settle();
  }
  RecordPtr rival_of(const RecordPtr& record) {
    return world.forge(3, record->record.incarnation, nullptr, "rival", record->record.hlc);
  }

 private:
  std::uint64_t signed_ = 0;
};

// An admin can't make another one: what he grants is known to all, and never stands.
TEST_F(UnmovedTest, RV31_WhatRestsOnARecordWithoutARightKeepsNobodyFromSigning) {
  const Grant grant{peer_of(key_of(2)), Role::admin, "two", {}, {}};
  const RecordPtr granted =
      sign({.node = 3, .kind = RecordKind::grant, .incarnation = 70, .body = grant.to_body()});
  const RecordPtr without = sign(
      {.node = 2, .kind = RecordKind::change, .incarnation = 70, .body = set("s", 1), .grant = granted->id});
  const RecordPtr after = sign({.node = 2,
                                .kind = RecordKind::change,
                                .incarnation = 71,
                                .parents = {without->id},
                                .body = set("c", 1)});
  world.runtime.run_for(std::chrono::seconds(1));
  give(*admin, {granted, without, after});
  EXPECT_EQ(admin->status_of(without->id).state, ChangeState::set_aside);
  EXPECT_TRUE(world.runtime.run(admin->write_anchor()));
  EXPECT_TRUE(world.runtime.run(admin->next_anchor(2)));
  const RecordPtr written = must(world.runtime.run(admin->write_checkpoint()));
  exchange();
  for (const Fleet* fleet : {one.get(), admin.get()}) {
    EXPECT_EQ(fleet->checkpoint(), written);
    EXPECT_EQ(setting(*fleet, "c"), 1);
    EXPECT_EQ(setting(*fleet, "s"), nullptr);
  }
}

TEST_F(UnmovedTest, RV31_OneThatWaitsIsNotBelievedAtARestart) {
  const RecordPtr first =
      sign({.node = 3, .kind = RecordKind::change, .incarnation = 90, .body = set("x", 1)});
  give(*one, {first});
  exchange();
  const RecordPtr covering = checkpoint();
  Checkpoint forged = must(world.runtime.run(admin->next_checkpoint()));
  forged.anchor.vector[ChainId{peer_of(key_of(3)), 99}] = {7, nobodys(), std::nullopt};
  const RecordPtr waiting = sign({.node = 3,
                                  .kind = RecordKind::checkpoint,
                                  .incarnation = 90,
                                  .seq = 3,
                                  .prev = nobodys(),
                                  .body = forged.to_body()});
  give(*one, {waiting, rival_of(covering)});
  EXPECT_EQ(one->checkpoint(), nullptr);
  const auto again = world.fleet_of(1, store_one);
  EXPECT_EQ(again->checkpoint(), nullptr);
  EXPECT_EQ(again->revision(), one->revision());
}

TEST_F(UnmovedTest, L7_ACheckpointBringsInNothingThatIsHeld) {
  const Hlc far = Hlc::at(world.runtime.env().clock.wall() + std::chrono::hours(24 * 365));
  const RecordPtr held = world.forge(2, 77, nullptr, "far", far);
  for (Fleet* fleet : {one.get(), admin.get()}) give(*fleet, {held});
  const auto vector = [&] {
    VersionVector covered = must(world.runtime.run(admin->next_checkpoint())).anchor.vector;
    covered[held->record.chain()] = {1, held->id, std::nullopt};
    return covered;
  }();
  JoinChecks checks;
  const auto derived = world.runtime.run(
      derive(world.runtime.env(), one->log(), checks, world.id, nullptr, vector, Hlc{UINT64_MAX}));
  ASSERT_TRUE(derived) << derived.error().message;
  const Checkpoint early{
      {vector, derived->revision, 0, {}}, derived->kept, must(encode_state(derived->state))};
  const RecordPtr written =
      sign({.node = 3, .kind = RecordKind::checkpoint, .incarnation = 92, .body = early.to_body()});
  world.runtime.run_for(std::chrono::seconds(1));
  give(*one, {written});
  EXPECT_EQ(one->checkpoint(), nullptr);
  EXPECT_EQ(setting(*one, "forged"), nullptr);
  EXPECT_EQ(to_string(one->status_of(held->id).state), to_string(ChangeState::held));
}

TEST_F(UnmovedTest, M9_WhatANewerVersionFoldsIsNoAlarmHere) {
  Watcher watcher;
  one->add_observer(watcher);
  const Anchor newer{one->log().vector(), *one->revision(), newest_merge_level + 1};
  give(*one, {sign({.node = 3, .kind = RecordKind::anchor, .incarnation = 92, .body = newer.to_body()})});
  EXPECT_FALSE(one->revision());
  Anchor other{one->log().vector(), {}, 0};
  other.revision.bytes.fill(7);
  give(*one, {sign({.node = 3, .kind = RecordKind::anchor, .incarnation = 93, .body = other.to_body()})});
  EXPECT_TRUE(watcher.differs.empty());
  one->remove_observer(watcher);
}

TEST_F(UnmovedTest, L2_WhoseRunningChainIsCoveredElsewhereWritesInAnother) {
  Checkpoint other = must(world.runtime.run(admin->next_checkpoint()));
  for (auto& [chain, head] : other.anchor.vector) {
    if (chain.author == one->node()) head.id = nobodys();
  }
  world.runtime.run_for(std::chrono::seconds(1));
  give(*one, {sign({.node = 3, .kind = RecordKind::checkpoint, .incarnation = 92, .body = other.to_body()})});
  believe_oldest(*one);
  for (int i = 0; i < 2; ++i) {
    const RecordPtr written = world.write(*one, {"settings", "w"}, i);
    EXPECT_EQ(to_string(one->status_of(written->id).state), to_string(ChangeState::applied));
  }
}

// A record is on its way to the disk while the checkpoint that it rests on is left.
class InFlightTest : public UnmovedTest, public ::testing::WithParamInterface<int> {
 protected:
  Task<> accept_after(int turns, std::vector<RecordPtr> records) {
    for (int i = 0; i < turns; ++i) co_await libp2p::yield_now(world.runtime.env());
    EXPECT_TRUE(co_await one->accept(std::move(records)));
  }
};

TEST_P(InFlightTest, L8_WhatRestedOnACheckpointThatIsLeftWaitsAgain) {
  const RecordPtr left = world.forge(2, 77, nullptr, "left", world.now());
  give(*one, {left});
  exchange();
  world.runtime.run_for(std::chrono::seconds(1));
  const RecordPtr covering = checkpoint();
  // What goes on from it, for who knows nothing but the checkpoint.
  const RecordPtr right =
      sign({.node = 2, .kind = RecordKind::change, .incarnation = 77, .body = set("r", 1)});
  libp2p::TaskGroup tasks(world.runtime.env());
  tasks.spawn("fork", accept_after(0, {rival_of(covering)}));
  tasks.spawn("late", accept_after(GetParam(), {right}));
  world.runtime.run(tasks.join());
  world.settle();
  one->tick();
  EXPECT_EQ(one->checkpoint(), nullptr);
  EXPECT_EQ(world.fleet_of(1, store_one)->revision(), one->revision());
}

INSTANTIATE_TEST_SUITE_P(Turns, InFlightTest, ::testing::Range(0, 8));

}  // namespace
}  // namespace starling
