// What checkpoints of hostile and of unlucky admins come to (rules L3, L8).
#include "starling/fleet/fork_report.hpp"
#include "tests/unit/fleet/checkpoint_world.hpp"

namespace starling {
namespace {

using testing::CheckpointsTest;
using testing::key_of;
using testing::month;
using testing::must;
using testing::peer_of;
using testing::Watcher;

class SettledTest : public CheckpointsTest {
 protected:
  void SetUp() override {
    for (int i = 0; i < 3; ++i) world.write(*one, {"settings", "a"}, i);
    exchange();
  }
  Checkpoint right_one() { return must(world.runtime.run(admin->next_checkpoint())); }
  // What would be set if this checkpoint were believed.
  static void forge_state(Checkpoint& checkpoint) {
    Merge other([](const RecordId&, const RecordId&) { return false; });
    other.add({RecordId{}, Hlc{1}, testing::set_change({"settings", "a"}, "forged")});
    checkpoint.anchor.revision = other.revision();
    checkpoint.state = must(encode_state(other.state()));
  }
  void expect_not_believed(const Checkpoint& checkpoint) {
    const RecordPtr base = one->checkpoint();
    const auto revision = one->revision();
    const VersionVector covered = one->log().base().covered;
    (void)must(world.runtime.run(admin->author(RecordKind::checkpoint, checkpoint.to_body())));
    exchange();
    for (const Fleet* fleet : {one.get(), admin.get()}) {
      EXPECT_EQ(fleet->checkpoint(), base);
      EXPECT_EQ(fleet->revision(), revision);
      EXPECT_EQ(setting(*fleet, "a"), 2);
      EXPECT_EQ(fleet->log().base().covered, covered);
    }
    EXPECT_EQ(world.fleet_of(1, store_one)->revision(), revision);
    // An honest one is believed all the same.
    const RecordPtr right = this->checkpoint();
    EXPECT_EQ(one->checkpoint(), right);
    EXPECT_EQ(setting(*one, "a"), 2);
  }
  // By node 2, twice at the same place.
  std::pair<RecordPtr, RecordPtr> fork() {
    return {world.forge(2, 77, nullptr, "left", world.now()),
            world.forge(2, 77, nullptr, "right", world.now())};
  }
  void give(Fleet& fleet, const std::vector<RecordPtr>& records) {
    EXPECT_TRUE(world.runtime.run(fleet.accept(records)));
    world.settle();
  }
};

TEST_F(SettledTest, RV31_OneThatNamesAChainThatNobodyHasIsNotBelieved) {
  Checkpoint forged = right_one();
  forge_state(forged);
  RecordId nobodys;
  nobodys.bytes.fill(9);
  forged.anchor.vector[ChainId{peer_of(key_of(3)), 99}] = {7, nobodys, std::nullopt};
  expect_not_believed(forged);
}

TEST_F(SettledTest, RV31_OneThatFollowsACheckpointThatNobodyHasIsNotBelieved) {
  Checkpoint forged = right_one();
  forge_state(forged);
  forged.anchor.base.bytes.fill(9);
  expect_not_believed(forged);
}

TEST_F(SettledTest, RV31_OneThatFollowsADroppedCheckpointIsNotBelieved) {
  const RecordPtr first = checkpoint();
  world.runtime.run_for(month + std::chrono::hours(1));
  checkpoint(10);
  world.runtime.run_for(month + std::chrono::hours(1));
  drop(*one);
  drop(*admin);
  ASSERT_FALSE(one->log().holds(first->id));
  Checkpoint forged = right_one();
  forge_state(forged);
  forged.anchor.base = first->id;
  expect_not_believed(forged);
}

TEST_F(SettledTest, RV31_OneThatLeavesOutWhatItRestsOnIsNotBelieved) {
  // Node 2's change was written after node 1's, which the checkpoint leaves out.
  MemoryStore store;
  const auto two = world.fleet_of(2, store);
  world.pass_on(*one, *two);
  world.write(*two, {"settings", "b"}, 1);
  world.pass_on(*two, *one);
  exchange();
  Checkpoint forged = right_one();
  std::erase_if(forged.anchor.vector,
                [](const auto& entry) { return entry.first.author == peer_of(key_of(1)); });
  forge_state(forged);
  expect_not_believed(forged);
  world.runtime.run(two->stop());
}

TEST_F(SettledTest, RV31_OneThatForgetsWhoIsInTheFleetIsNotBelieved) {
  Checkpoint forged = right_one();
  forged.kept.pop_back();
  expect_not_believed(forged);
}

TEST_F(SettledTest, RV31_OneThatWaitsMovesNothing) {
  world.write(*one, {"settings", "b"}, 1);
  const VersionVector covered = one->log().base().covered;
  Checkpoint forged = right_one();
  forge_state(forged);
  RecordId nobodys;
  nobodys.bytes.fill(9);
  Record record;
  record.fleet = world.id;
  record.kind = RecordKind::checkpoint;
  record.author = peer_of(key_of(3));
  record.incarnation = 50;
  record.seq = 2;
  record.prev = nobodys;
  record.grant = world.records[3]->id;
  record.hlc = world.now();
  record.body = forged.to_body();
  give(*one, {must(sign_record(record, key_of(3)))});
  EXPECT_EQ(one->log().waiting(), 1U);
  EXPECT_EQ(one->log().base().covered, covered);
  EXPECT_EQ(one->checkpoint(), nullptr);
  EXPECT_EQ(setting(*one, "a"), 2);
  EXPECT_EQ(setting(*one, "b"), 1);
}

TEST_F(SettledTest, L3_AForkBehindACheckpointIsOneForWhoHasForgottenAndWhoHasNot) {
  const auto [left, right] = fork();
  give(*one, {left});
  const RecordPtr covering = checkpoint();
  world.runtime.run_for(month + std::chrono::hours(1));
  EXPECT_GT(drop(*one), 0U);
  ASSERT_FALSE(one->log().holds(left->id));
  for (Fleet* fleet : {one.get(), admin.get()}) give(*fleet, {right, left});
  // It goes on from both sides.
  const RecordPtr more_left = world.forge(2, 77, left.get(), "more left", world.now());
  for (Fleet* fleet : {one.get(), admin.get()}) give(*fleet, {more_left});
  const auto expect_both = [&](const char* stands, ChangeState state) {
    for (Fleet* fleet : {one.get(), admin.get()}) {
      EXPECT_EQ(fleet->checkpoint(), covering);
      EXPECT_EQ(setting(*fleet, "forged"), stands);
      EXPECT_EQ(to_string(fleet->status_of(more_left->id).state), to_string(state));
      EXPECT_EQ(fleet->revision(), one->revision());
      EXPECT_EQ(fleet->log().vector(), one->log().vector());
    }
  };
  expect_both("left", ChangeState::quarantined);
  // A ruling against what is covered comes to nothing, and whoever would write it is told so.
  const ChainId chain = left->record.chain();
  const auto refused = ruling_on(admin->log(), chain, right->id);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("checkpoint"), std::string::npos);
  (void)must(world.runtime.run(
      admin->author(RecordKind::ruling, must(ruling_on(admin->log(), chain, more_left->id)).to_body())));
  exchange();
  expect_both("more left", ChangeState::applied);
  (void)must(world.runtime.run(admin->author(RecordKind::ruling, Ruling{chain, 1, right->id}.to_body())));
  exchange();
  expect_both("more left", ChangeState::applied);
}

TEST_F(SettledTest, L3_ARulingAgainstWhatIsCoveredDoesNotAskWhichCameFirst) {
  const auto [left, right] = fork();
  give(*one, {left});
  exchange();
  const Ruling against{left->record.chain(), 1, right->id};
  MemoryStore store;
  const auto late = world.fleet_of(2, store);
  const RecordPtr covering = checkpoint();
  std::vector<RecordPtr> others = one->log().records();
  std::erase(others, covering);
  give(*late, others);
  give(*late, {right});
  Author root(key_of(200), 9);
  const RecordPtr ruling =
      must(root.write(late->authoring_context(), RecordKind::ruling, world.id, against.to_body()));
  give(*one, {right, ruling});
  // Who hears of the ruling first has voided what the checkpoint covers.
  give(*late, {ruling});
  EXPECT_EQ(setting(*late, "forged"), "right");
  give(*late, {covering});
  for (const Fleet* fleet : {one.get(), late.get()}) {
    EXPECT_EQ(fleet->checkpoint(), covering);
    EXPECT_EQ(setting(*fleet, "forged"), "left");
    EXPECT_EQ(fleet->revision(), one->revision());
  }
  world.runtime.run(late->stop());
}

TEST_F(SettledTest, L3_ACheckpointOfAForkedChainIsLeftUntilARulingLetsItStand) {
  const RecordPtr covering = checkpoint();
  const RecordPtr rival =
      world.forge(3, covering->record.incarnation, nullptr, "rival", covering->record.hlc);
  ASSERT_EQ(rival->record.chain(), covering->record.chain());
  MemoryStore store;
  const auto late = world.fleet_of(2, store);
  give(*late, {rival});
  world.pass_on(*one, *late);
  give(*one, {rival});
  for (const Fleet* fleet : {one.get(), late.get()}) {
    EXPECT_EQ(fleet->checkpoint(), nullptr);
    EXPECT_EQ(fleet->revision(), one->revision());
    EXPECT_EQ(setting(*fleet, "n4"), 9);
  }
  EXPECT_EQ(world.fleet_of(1, store_one)->checkpoint(), nullptr);
  Author root(key_of(200), 9);
  const Ruling ruling{covering->record.chain(), covering->record.seq, covering->id};
  const RecordPtr ruled =
      must(root.write(one->authoring_context(), RecordKind::ruling, world.id, ruling.to_body()));
  for (Fleet* fleet : {one.get(), late.get()}) {
    give(*fleet, {ruled});
    EXPECT_EQ(fleet->checkpoint(), covering);
    EXPECT_EQ(fleet->revision(), one->revision());
  }
  world.runtime.run(late->stop());
}

TEST_F(SettledTest, L8_ANewcomerTakesAFleetOfMoreThanAThousandThatHasForgottenItsBeginning) {
  // Each rests on a change that is forgotten.
  world.write(*one, {"settings", "b"}, 1);
  exchange();
  constexpr int many = 1100;
  std::vector<RecordPtr> grants;
  Changelog log = admin->log();
  Author author(key_of(3), 60);
  for (int i = 0; i < many; ++i) {
    const Grant grant{peer_of(key_of(static_cast<std::uint8_t>(10 + i % 100))),
                      Role::node,
                      "member" + std::to_string(i),
                      {},
                      {}};
    const AuthoringContext context{world.id, log, world.runtime.env().clock.wall(), Hlc{UINT64_MAX}};
    grants.push_back(must(author.write(context, RecordKind::labels, world.records[3]->id, grant.to_body())));
    (void)log.ingest(grants.back());
  }
  give(*admin, grants);
  exchange();
  checkpoint();
  world.runtime.run_for(month + std::chrono::hours(1));
  EXPECT_GT(drop(*one), 0U);
  MemoryStore store;
  Fleet fresh(world.runtime.env(), world.id, key_of(2), store);
  ASSERT_TRUE(fresh.load());
  std::vector<RecordPtr> answer{one->horizon()->record};
  std::ranges::copy(one->log().records(), std::back_inserter(answer));
  give(fresh, answer);
  EXPECT_GT(fresh.log().waiting(), std::size_t{many});
  believe_oldest(fresh);
  EXPECT_EQ(fresh.log().waiting(), 0U);
  EXPECT_EQ(fresh.revision(), one->revision());
  EXPECT_EQ(fresh.log().vector(), one->log().vector());
  EXPECT_EQ(fresh.horizon()->record->id, one->horizon()->record->id);
  world.runtime.run(fresh.stop());
}

}  // namespace
}  // namespace starling
