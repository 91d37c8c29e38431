#include "tests/unit/fleet/fleet_world.hpp"

namespace starling {
namespace {

using testing::FleetWorld;
using testing::key_of;
using testing::peer_of;

class IncarnationsTest : public ::testing::Test {
 protected:
  IncarnationsTest() : peer(world.fleet_of(2, peer_store)) {}
  ~IncarnationsTest() override { world.runtime.run(peer->stop()); }

  void stop(const std::unique_ptr<Fleet>& fleet) { world.runtime.run(fleet->stop()); }
  void exchange(Fleet& a, Fleet& b) {
    world.pass_on(a, b);
    world.pass_on(b, a);
  }
  static bool any_fork(const Fleet& fleet) {
    return std::ranges::any_of(fleet.log().vector(),
                               [](const auto& entry) { return entry.second.fork.has_value(); });
  }

  FleetWorld world;
  MemoryStore peer_store;
  std::unique_ptr<Fleet> peer;
};

TEST_F(IncarnationsTest, L2_AProcessOpensAnIncarnationThatNamesTheHeadOfTheOneBefore) {
  MemoryStore store;
  RecordPtr last;
  for (int run = 0; run < 3; ++run) {
    const auto fleet = world.fleet_of(1, store);
    const RecordPtr first = world.write(*fleet, {"settings", "a"}, run);
    EXPECT_EQ(first->record.seq, 1U);
    if (last) EXPECT_EQ(first->record.parents, std::vector<RecordId>({last->id}));
    last = world.write(*fleet, {"settings", "b"}, run);
    EXPECT_EQ(last->record.prev, first->id);
    stop(fleet);
  }
}

TEST_F(IncarnationsTest, RV32_ARestoredBackupWritesOnAndForgesNothingAndLosesNothing) {
  MemoryStore store;
  MemoryStore backup;
  RecordPtr after_backup;
  {
    const auto fleet = world.fleet_of(1, store);
    world.write(*fleet, {"settings", "a"}, 1);
    backup = store;
    after_backup = world.write(*fleet, {"settings", "b"}, 2);
    exchange(*fleet, *peer);
    stop(fleet);
  }
  const auto restored = world.fleet_of(1, backup);
  EXPECT_FALSE(restored->log().holds(after_backup->id));
  const RecordPtr blind = world.write(*restored, {"settings", "c"}, 3);
  exchange(*restored, *peer);
  EXPECT_FALSE(any_fork(*restored));
  EXPECT_FALSE(any_fork(*peer));
  EXPECT_EQ(restored->status_of(after_backup->id).state, ChangeState::applied);
  EXPECT_EQ(peer->status_of(blind->id).state, ChangeState::applied);
  EXPECT_EQ(restored->revision(), peer->revision());
  stop(restored);
}

TEST_F(IncarnationsTest, L2_TwoMachinesFromOneDiskWriteOnSideBySide) {
  MemoryStore store;
  {
    const auto fleet = world.fleet_of(1, store);
    world.write(*fleet, {"settings", "a"}, 1);
    stop(fleet);
  }
  MemoryStore copy = store;
  const auto original = world.fleet_of(1, store);
  const auto clone = world.fleet_of(1, copy);
  for (int i = 0; i < 3; ++i) {
    world.write(*original, {"settings", "original"}, i);
    world.write(*clone, {"settings", "clone"}, i);
  }
  exchange(*original, *peer);
  exchange(*clone, *peer);
  exchange(*original, *peer);
  for (const Fleet* fleet : {original.get(), clone.get(), peer.get()}) {
    EXPECT_FALSE(any_fork(*fleet));
    EXPECT_EQ(fleet->changes().size(), 7U);
    EXPECT_EQ(fleet->revision(), peer->revision());
  }
  stop(original);
  stop(clone);
  // Whoever of them opens the next incarnation joins both.
  const auto next = world.fleet_of(1, store);
  EXPECT_EQ(own_heads(next->authoring_context(), peer_of(key_of(1))).size(), 2U);
  EXPECT_EQ(world.write(*next, {"settings", "a"}, 2)->record.parents.size(), 2U);
  stop(next);
}

}  // namespace
}  // namespace starling
