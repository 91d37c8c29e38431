#include "libp2p/protocols/mdns/mdns.hpp"

#include <gtest/gtest.h>

#include "libp2p/protocols/mdns/virtual_lan.hpp"
#include "tests/support/mdns.hpp"
#include "tests/support/mdns_net.hpp"

namespace libp2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::MdnsNet;

TEST(Mdns, NodesOnALanFindEachOtherWithinASecond) {
  MdnsNet net;
  for (int i = 0; i < 5; ++i) (void)net.add();
  ASSERT_TRUE(net.run_until(
      [&] {
        return std::ranges::all_of(net.nodes, [](const auto& node) { return node->found.size() == 4; });
      },
      seconds(1)));
  const auto& found = net.nodes[0]->found.at(net.nodes[1]->node.id);
  EXPECT_EQ(found, std::vector<Multiaddr>{net.nodes[1]->node.address()});
}

TEST(Mdns, TellsTheSwarmWhomItSaw) {
  MdnsNet net;
  auto& a = net.add();
  auto& b = net.add();
  a.node.swarm.keep_connected(b.node.id);  // whose address nobody knows
  EXPECT_TRUE(net.run_until([&] { return a.node.swarm.is_connected(b.node.id); }, seconds(2)));
}

TEST(Mdns, DialsNobodyByItself) {
  MdnsNet net;
  auto& a = net.add();
  (void)net.add();
  net.runtime.run_for(seconds(10));
  EXPECT_EQ(a.found.size(), 1U);
  EXPECT_EQ(a.node.swarm.counters().dials, 0U);
}

TEST(Mdns, ALateNodeIsFoundAtOnce) {
  MdnsNet net;
  auto& a = net.add();
  net.runtime.run_for(minutes(10));
  auto& b = net.add();
  EXPECT_TRUE(net.run_until([&] { return !a.found.empty() && !b.found.empty(); }, seconds(1)));
}

TEST(Mdns, ANewAddressIsHeardOfAtOnce) {
  MdnsNet net;
  auto& a = net.add();
  auto& b = net.add();
  net.runtime.run_for(seconds(10));
  ASSERT_TRUE(net.runtime.run(b.node.swarm.listen(test::multiaddr("/memory/1001"))));
  EXPECT_TRUE(net.run_until([&] { return a.found.at(b.node.id).size() == 2; }, seconds(2)));
}

TEST(Mdns, AnInterfaceMayComeAndGo) {
  MdnsNet net;
  auto& a = net.add();
  auto& b = net.add();
  net.lan.set_plugged(b.ip, false);
  net.runtime.run_for(seconds(10));
  EXPECT_TRUE(a.found.empty());
  net.lan.set_plugged(b.ip, true);
  EXPECT_TRUE(net.run_until([&] { return !a.found.empty() && !b.found.empty(); }, seconds(4)));
}

TEST(Mdns, SurvivesALanThatLosesHalf) {
  MdnsNet net;
  SeededRandom random(3);
  net.lan.set_filter([&random](const auto&, const auto&) { return random.below(2) == 0; });
  for (int i = 0; i < 3; ++i) (void)net.add();
  EXPECT_TRUE(net.run_until(
      [&] {
        return std::ranges::all_of(net.nodes, [](const auto& node) { return node->found.size() == 2; });
      },
      minutes(3)));
}

// The queries of one stand for those of all, so that a LAN of many nodes stays quiet.
TEST(Mdns, TrafficGrowsWithTheNodesAndNotWithTheirSquare) {
  MdnsNet net;
  constexpr std::uint64_t count = 12;
  for (std::uint64_t i = 0; i < count; ++i) (void)net.add();
  net.runtime.run_for(minutes(1));
  for (const auto& node : net.nodes) EXPECT_EQ(node->found.size(), count - 1);
  const std::uint64_t before = net.lan.sent();
  net.runtime.run_for(minutes(10));
  // About 30 to 40 queries in ten minutes, answered by all.
  EXPECT_LE(net.lan.sent() - before, 60 * (count + 2));
}

TEST(Mdns, StopsInTheMiddleOfThings) {
  MdnsNet net;
  auto& a = net.add();
  auto& b = net.add();
  net.runtime.run_for(milliseconds(50));
  net.runtime.run(a.mdns.stop());
  net.runtime.run_for(minutes(1));
  EXPECT_TRUE(b.mdns.known_peers() <= 1);
}

TEST(Mdns, GivesTheSameRunForTheSameSeed) {
  const auto run = [](std::uint64_t seed) {
    MdnsNet net(seed);
    for (int i = 0; i < 4; ++i) (void)net.add();
    net.runtime.run_for(minutes(5));
    return std::pair(net.lan.sent(), net.nodes[2]->heard);
  };
  EXPECT_EQ(run(5), run(5));
}

}  // namespace
}  // namespace libp2p
