#include <gtest/gtest.h>

#include <algorithm>

#include "sim/world.hpp"
#include "tests/support/streams.hpp"

namespace starling::sim {
namespace {

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

}  // namespace
}  // namespace starling::sim
