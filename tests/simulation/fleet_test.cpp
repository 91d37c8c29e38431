#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "sim/world.hpp"
#include "tests/support/streams.hpp"

namespace starling::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

json::value listener() { return json::object{{"pass", "routes"}}; }
Path listener_path(int port) { return {"listeners", "*:" + std::to_string(port)}; }

TEST(SimulatedFleet, ThreeNodesJoinAndOneChangeReachesAll) {
  World world({.seed = 1, .nodes = 3});
  world.start_all();
  ASSERT_TRUE(world.run_until_joined(seconds(30)));
  ASSERT_TRUE(world.write(1, listener_path(8080), listener()));
  EXPECT_TRUE(world.run_until([&] { return world.agreed(); }, seconds(10))) << world.disagreement();
  EXPECT_TRUE(has_listeners(world.data_plane(2).running()));
}

TEST(SimulatedFleet, AJoinerThatReachesNobodySaysSo) {
  const auto told = [](const libp2p::test::MemoryLog& log) {
    return std::ranges::count_if(
        log.lines, [](const std::string& line) { return line.starts_with("join.nobody_reached"); });
  };
  libp2p::test::MemoryLog log;
  World world({.seed = 6, .nodes = 2}, &log);
  world.start(1);
  world.run_for(seconds(8));
  EXPECT_EQ(told(log), 0);
  world.run_for(seconds(12));
  EXPECT_EQ(told(log), 1);
  world.run_for(minutes(1));
  EXPECT_EQ(told(log), 2);
  world.start(0);
  EXPECT_TRUE(world.run_until_joined(seconds(30)));
}

TEST(SimulatedFleet, L5_ConvergesWithGossipSwitchedOff) {
  World world({.seed = 2, .nodes = 5, .gossip = false});
  world.start_all();
  ASSERT_TRUE(world.run_until_joined(minutes(2)));
  for (std::size_t i = 0; i < 5; ++i)
    ASSERT_TRUE(world.write(i, listener_path(8080 + static_cast<int>(i)), listener()));
  EXPECT_TRUE(world.run_until([&] { return world.agreed(); }, minutes(5))) << world.disagreement();
}

TEST(SimulatedFleet, BothSidesOfAPartitionWriteAndMeetAgain) {
  World world({.seed = 3, .nodes = 4});
  world.start_all();
  ASSERT_TRUE(world.run_until_joined(seconds(60)));
  ASSERT_TRUE(world.write(0, listener_path(8080), listener()));
  ASSERT_TRUE(world.run_until([&] { return world.agreed(); }, seconds(30))) << world.disagreement();
  world.partition({0, 1});
  ASSERT_TRUE(world.write(0, listener_path(8081), listener()));
  ASSERT_TRUE(world.write(3, listener_path(8082), listener()));
  ASSERT_TRUE(world.write(1, {"settings", "http", "max_body_size"}, 1000));
  ASSERT_TRUE(world.write(2, {"settings", "http", "max_body_size"}, 2000));
  world.run_for(seconds(60));
  EXPECT_FALSE(world.agreed());
  world.heal();
  EXPECT_TRUE(world.run_until([&] { return world.agreed(); }, seconds(60))) << world.disagreement();
  EXPECT_EQ(world.node(0).fleet().merged().conflicts.size(), 1U);
  for (const int port : {8080, 8081, 8082}) {
    EXPECT_NE(find(world.data_plane(2).running(), listener_path(port)), nullptr) << port;
  }
}

TEST(SimulatedFleet, DriftIsHealedAndABrokenDataPlaneCatchesUp) {
  World world({.seed = 4, .nodes = 2});
  world.start_all();
  ASSERT_TRUE(world.run_until_joined(seconds(30)));
  ASSERT_TRUE(world.write(0, listener_path(8080), listener()));
  ASSERT_TRUE(world.run_until([&] { return world.agreed(); }, seconds(10))) << world.disagreement();
  world.data_plane(1).restart_empty();
  world.run_for(seconds(3));
  EXPECT_TRUE(world.agreed()) << world.disagreement();
  world.data_plane(1).set_reachable(false);
  const auto refused = world.write(1, listener_path(8081), listener());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503);
  ASSERT_TRUE(world.write(0, listener_path(8081), listener()));
  world.run_for(seconds(30));
  world.data_plane(1).set_reachable(true);
  EXPECT_TRUE(world.run_until([&] { return world.agreed(); }, seconds(60))) << world.disagreement();
}

TEST(SimulatedFleet, WhatOneDataPlaneRefusesStaysOffItAndIsSaid) {
  World world({.seed = 5, .nodes = 2});
  world.start_all();
  ASSERT_TRUE(world.run_until_joined(seconds(30)));
  ASSERT_TRUE(world.write(0, listener_path(8080), listener()));
  ASSERT_TRUE(world.run_until([&] { return world.agreed(); }, seconds(10)));
  world.data_plane(1).refuse_member("access_log");
  // Refused where it is written: nothing is logged.
  EXPECT_EQ(world.write(1, {"access_log"}, "/tmp/a.log").error().status, 400);
  // Written elsewhere: node 1 keeps what it has, and says why.
  ASSERT_TRUE(world.write(0, {"access_log"}, "/tmp/a.log"));
  world.run_for(seconds(5));
  EXPECT_EQ(find(world.data_plane(1).running(), {"access_log"}), nullptr);
  EXPECT_TRUE(has_listeners(world.data_plane(1).running()));
  const SeenStatus* seen = world.node(0).sync().board().find(world.node(1).swarm().local_peer());
  ASSERT_NE(seen, nullptr);
  EXPECT_FALSE(seen->status.error.empty());
}

// One seed's life: nodes join, write, crash and come back over bad links, clocks are off, a partition comes
// and goes; then calm, and what must hold is checked.
struct Life {
  libp2p::Sha256Digest trace{};
  std::string broken;  // empty: all invariants hold
};

class LifeRunner {
 public:
  explicit LifeRunner(std::uint64_t seed) : dice_(seed), world_(config_of(seed, dice_)) {}

  Life run() {
    world_.start_all();
    if (!world_.run_until_joined(minutes(10)))
      return fail_with("not all nodes joined: " + world_.disagreement());
    for (int step = 0; step < 12; ++step) take_step(step);
    calm_down();
    // Invariant 2: agreement within a minute of healing.
    if (!world_.run_until([this] { return world_.agreed(); }, minutes(2)))
      return fail_with(world_.disagreement());
    // Invariant 1: what was acknowledged is there, wherever it was written and whoever crashed.
    for (const RecordId& change : acknowledged_) {
      for (std::size_t i = 0; i < world_.size(); ++i) {
        if (!world_.node(i).fleet().log().holds(change))
          return fail_with("an acknowledged change is lost at node " + std::to_string(i));
      }
    }
    // Invariant 3: the same records in another order give the same document.
    return check_order();
  }

 private:
  static WorldConfig config_of(std::uint64_t seed, libp2p::SeededRandom& dice) {
    WorldConfig config;
    config.seed = seed;
    config.nodes = 5 + dice.below(dice.below(8) == 0 ? 16 : 4);
    config.link = {.latency = milliseconds(1 + dice.below(50)),
                   .jitter = milliseconds(dice.below(100)),
                   .bytes_per_second = 0,
                   .loss = static_cast<double>(dice.below(10)) / 100.0};
    std::size_t slow_ones = 0;
    for (std::size_t i = 0; i < config.nodes; ++i) {
      // Some clocks are slow by up to hours, and may still write. Fewer than half: fleet time is the median,
      // so a majority of wrong clocks would be the fleet's time.
      const bool slow = i > 0 && slow_ones < (config.nodes - 1) / 2 && dice.below(5) == 0;
      if (slow) ++slow_ones;
      config.clock_errors.push_back(slow ? -milliseconds(dice.below(4ULL * 3600 * 1000)) : milliseconds(0));
    }
    return config;
  }

  Life fail_with(std::string why) { return {world_.trace_hash(), std::move(why)}; }

  void take_step(int step) {
    const std::size_t index = dice_.below(world_.size());
    switch (dice_.below(6)) {
      case 0:
        if (world_.running(index)) {
          world_.crash(index);
          crashed_.push_back(index);
        }
        break;
      case 1:
        bring_back();
        break;
      case 2:
        world_.heal();
        world_.partition({index, (index + 1) % world_.size()});
        break;
      case 3:
        world_.heal();
        break;
      default:
        break;
    }
    for (std::size_t writes = dice_.below(4); writes > 0; --writes) write_somewhere(step);
    world_.run_for(milliseconds(dice_.below(8000)));
  }

  void write_somewhere(int step) {
    const std::size_t index = dice_.below(world_.size());
    if (!world_.running(index)) return;
    const Path path = dice_.below(3) == 0 ? Path{"settings", "http", "max_body_size"}
                                          : listener_path(8000 + static_cast<int>(dice_.below(50)));
    const json::value value = path[0] == "settings" ? json::value(step + 1) : listener();
    world_.begin_write(index, path, value, [this](const std::expected<Written, WriteFault>& written) {
      if (written && written->change) acknowledged_.push_back(*written->change);
    });
  }

  void bring_back() {
    if (crashed_.empty()) return;
    world_.start(crashed_.back());
    crashed_.pop_back();
  }

  void calm_down() {
    world_.heal();
    world_.set_link({.latency = milliseconds(5)});
    while (!crashed_.empty()) bring_back();
  }

  Life check_order() {
    const Fleet& fleet = world_.node(0).fleet();
    std::vector<MergeInput> inputs;
    for (const RecordPtr& record : fleet.changes()) {
      inputs.push_back({record->id, record->record.hlc, *Change::from_body(record->record.body)});
    }
    std::ranges::reverse(inputs);
    const MergeResult again = fold(std::move(inputs), [&](const RecordId& a, const RecordId& b) {
      return fleet.log().happened_before(a, b);
    });
    if (!same_json(again.document, fleet.merged().document))
      return fail_with("another order gives another document");
    return fail_with({});
  }

  libp2p::SeededRandom dice_;
  World world_;
  std::vector<std::size_t> crashed_;
  std::vector<RecordId> acknowledged_;
};

// In batches, so that they run side by side; STARLING_SIM_SEEDS asks for another number of seeds in all,
// STARLING_SIM_FROM for others.
constexpr std::uint64_t batches = 20;

std::uint64_t seeds_a_batch() {
  const char* text = std::getenv("STARLING_SIM_SEEDS");
  const std::uint64_t wanted = text ? std::strtoull(text, nullptr, 10) : 200;
  return (wanted + batches - 1) / batches;
}

std::uint64_t first_seed() {
  const char* text = std::getenv("STARLING_SIM_FROM");
  return text ? std::strtoull(text, nullptr, 10) : 1000;
}

TEST(SimulatedFleet, TheSameSeedGivesTheSameTrace) {
  const Life once = LifeRunner(11).run();
  EXPECT_EQ(once.trace, LifeRunner(11).run().trace);
  EXPECT_NE(once.trace, LifeRunner(12).run().trace);
}

class SeededFleet : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SeededFleet, LivesThroughLossReorderPartitionsCrashesAndWrongClocks) {
  for (std::uint64_t i = 0; i < seeds_a_batch(); ++i) {
    const std::uint64_t seed = first_seed() + GetParam() * 100'000 + i;
    const Life life = LifeRunner(seed).run();
    ASSERT_TRUE(life.broken.empty()) << "seed " << seed << ": " << life.broken;
  }
}

INSTANTIATE_TEST_SUITE_P(Batch, SeededFleet, ::testing::Range(std::uint64_t{0}, batches));

}  // namespace
}  // namespace starling::sim
