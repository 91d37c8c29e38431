#include "starling/fleet/told_fates.hpp"

#include "starling/changelog/anchor.hpp"
#include "tests/unit/fleet/fleet_world.hpp"

namespace starling {
namespace {

using testing::FleetWorld;
using testing::must;

constexpr std::chrono::hours ahead{1};

// Node 2, whose clock may be wrong, from one process to the next.
class ToldFatesTest : public ::testing::Test {
 protected:
  struct Process {
    Process(FleetWorld& world, Store& store, std::chrono::milliseconds clock_error)
        : runtime(world.runtime),
          fleet(world.fleet_of(2, store, clock_error)),
          fates(runtime.env(), *fleet, [this](const RecordId& change, const ChangeStatus& status) {
            told.emplace_back(change, status.state);
          }) {
      fates.start();
    }
    ~Process() {
      runtime.run(fates.stop());
      runtime.run(fleet->stop());
    }
    libp2p::VirtualRuntime& runtime;
    std::unique_ptr<Fleet> fleet;
    ToldFates fates;
    std::vector<std::pair<RecordId, ChangeState>> told;
  };
  using Told = std::vector<std::pair<RecordId, ChangeState>>;

  Told restart(std::chrono::milliseconds clock_error = {}) { return Process(world, store, clock_error).told; }

  FleetWorld world;
  MemoryStore store;
};

TEST_F(ToldFatesTest, M8_AFateThatIsAnotherAfterARestartIsToldOnce) {
  RecordId early;
  {
    Process process(world, store, ahead);
    early = world.write(*process.fleet, {"settings", "a"}, 1)->id;
    world.write(*process.fleet, {"settings", "b"}, 1);
    EXPECT_TRUE(process.told.empty()) << "whoever watches the fleet hears of that";
  }
  EXPECT_TRUE(restart(ahead).empty());
  const Told held = restart();
  ASSERT_EQ(held.size(), 2U);
  EXPECT_EQ(held.front(), std::pair(early, ChangeState::held));
  EXPECT_TRUE(restart().empty());
  world.runtime.run_for(ahead);
  const Told applied = restart();
  ASSERT_EQ(applied.size(), 2U);
  EXPECT_EQ(applied.front(), std::pair(early, ChangeState::applied));
  EXPECT_TRUE(restart().empty());
}

TEST_F(ToldFatesTest, WhatWasToldWhileItRanIsNotToldAgain) {
  {
    Process process(world, store, ahead);
    const RecordPtr early = world.write(*process.fleet, {"settings", "a"}, 1);
    world.runtime.run_for(std::chrono::seconds(2));
    // The others are heard: fleet time falls back.
    process.fleet->set_clock_offset(-ahead);
    process.fleet->tick();
    EXPECT_EQ(process.fleet->status_of(early->id).state, ChangeState::held);
  }
  EXPECT_TRUE(restart().empty());
}

TEST_F(ToldFatesTest, OthersChangesAndThoseBeforeAnythingWasRememberedAreNot) {
  MemoryStore elsewhere;
  const auto future = world.fleet_of(1, elsewhere, ahead);
  world.write(*future, {"settings", "a"}, 1);
  EXPECT_TRUE(store.append(future->log().records()));
  {
    // As a version leaves it that remembered nothing.
    const auto own = world.fleet_of(2, store, ahead);
    world.write(*own, {"settings", "b"}, 1);
    world.runtime.run(own->stop());
  }
  EXPECT_TRUE(restart().empty());
  EXPECT_TRUE(restart().empty());
  world.runtime.run_for(ahead);
  EXPECT_EQ(restart().size(), 1U);
  world.runtime.run(future->stop());
}

// From then on the log doesn't say any more what came of it.
TEST_F(ToldFatesTest, WhatACheckpointHasSettledIsNotToldAnew) {
  MemoryStore store_one;
  MemoryStore store_admin;
  const auto one = world.fleet_of(1, store_one);
  const auto admin = world.fleet_of(3, store_admin);
  {
    Process process(world, store, {});
    const RecordPtr earlier = world.write(*process.fleet, {"settings", "a"}, 1);
    world.runtime.run_for(std::chrono::seconds(1));
    world.write(*one, {"settings", "a"}, 2);
    world.pass_on(*one, *process.fleet);
    ASSERT_EQ(process.fleet->status_of(earlier->id).state, ChangeState::lost);
    world.pass_on(*process.fleet, *admin);
    must(world.runtime.run(admin->write_checkpoint()));
    world.pass_on(*admin, *process.fleet);
    process.fleet->tick();
    world.settle();
    ASSERT_TRUE(process.fleet->log().is_settled(earlier->record));
  }
  EXPECT_TRUE(restart().empty());
  world.runtime.run(one->stop());
  world.runtime.run(admin->stop());
}

TEST_F(ToldFatesTest, OfVeryManyTheNewestAreRemembered) {
  {
    Process process(world, store, ahead);
    for (std::size_t i = 0; i < ToldFates::most + 3; ++i) world.write(*process.fleet, {"settings", "a"}, 1);
  }
  EXPECT_EQ(restart().size(), ToldFates::most + 3);
  EXPECT_EQ(restart().size(), 3U);
}

}  // namespace
}  // namespace starling
