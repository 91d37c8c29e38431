#include <gtest/gtest.h>

#include "tests/support/gossipsub_net.hpp"

namespace libp2p::gossipsub {
namespace {

using namespace test;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RouterNet, OfTwoNodesAMessageRightAfterTheSubscriptionIsSeenArrives) {
  RouterNet net({.seed = 1});
  net.add_nodes(2);
  net.connect(0, 1);
  net.join(1);
  // The instant node 0 learns of it, with no mesh, no heartbeat and no subscription of its own.
  while (net.node(0).router.subscribers("t").empty()) net.run_for(milliseconds(1));
  net.publish(0, "first");
  net.run_for(milliseconds(100));
  EXPECT_EQ(net.node(1).got, std::vector<std::string>{"first"});
}

TEST(RouterNet, OfTwoNodesThatJoinTogetherNothingIsLostEitherWay) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RouterNet net({.seed = seed});
    net.add_nodes(2);
    net.connect(0, 1);
    net.join_all();
    net.run_for(milliseconds(50));
    for (int i = 0; i < 50; ++i) {
      net.publish(0, "a" + std::to_string(i));
      net.publish(1, "b" + std::to_string(i));
      net.run_for(milliseconds(1));
    }
    net.run_for(milliseconds(100));
    EXPECT_EQ(net.node(0).got.size(), 50U) << seed;
    EXPECT_EQ(net.node(1).got.size(), 50U) << seed;
    EXPECT_EQ(net.node(0).router.mesh("t").size(), 1U) << seed;
    EXPECT_EQ(net.node(1).router.mesh("t").size(), 1U) << seed;
  }
}

TEST(RouterNet, AMessagePublishedBeforeAnybodySubscribedIsFetchedByWhoComesSoonAfter) {
  RouterNet net({.seed = 3});
  net.add_nodes(2);
  net.join(0);
  net.publish(0, "early");
  net.run_for(seconds(1));
  net.connect(0, 1);
  net.join(1);
  net.run_for(seconds(1));
  EXPECT_EQ(net.times_got(1, "early"), 1U);
}

// Each size of fleet, fully meshed: the first message of every node, sent the moment all know of one another.
TEST(RouterNet, NothingIsLostInAnyFleetOf2To20) {
  for (std::uint32_t size = 2; size <= 20; ++size) {
    RouterNet net({.seed = size});
    net.add_nodes(size);
    net.connect_all();
    net.join_all();
    net.run_for(milliseconds(60));
    for (std::uint32_t i = 0; i < size; ++i) net.publish(i, "m" + std::to_string(i));
    net.run_for(milliseconds(200));  // no heartbeat's gossip is needed: every author knows every subscriber
    for (std::uint32_t i = 0; i < size; ++i)
      EXPECT_EQ(net.node(i).got.size(), size - 1) << size << " node " << i;
  }
}

// A chain has no mesh worth the name; messages have to be passed on all the way.
TEST(RouterNet, MessagesTravelAlongAChainOf20) {
  RouterNet net({.seed = 5});
  net.add_nodes(20);
  for (std::uint32_t i = 1; i < 20; ++i) net.connect(i - 1, i);
  net.join_all();
  net.run_for(milliseconds(60));
  net.publish(0, "from one end");
  net.publish(19, "from the other");
  net.run_for(seconds(1));
  for (std::uint32_t i = 0; i < 20; ++i) EXPECT_EQ(net.node(i).got.size(), i == 0 || i == 19 ? 1U : 2U) << i;
}

// A random graph that hangs together: a chain and some more links.
void connect_at_random(RouterNet& net, std::uint32_t more_links) {
  for (std::uint32_t i = 1; i < net.size(); ++i)
    net.connect(i, static_cast<std::uint32_t>(net.random().below(i)));
  for (std::uint32_t i = 0; i < more_links; ++i) {
    const auto a = static_cast<std::uint32_t>(net.random().below(net.size()));
    const auto b = static_cast<std::uint32_t>(net.random().below(net.size()));
    if (a != b) net.connect(a, b);
  }
}

void expect_everywhere_once(const RouterNet& net, std::uint32_t size, std::uint32_t author,
                            const std::string& text, std::uint64_t seed) {
  for (std::uint32_t i = 0; i < size; ++i) {
    EXPECT_EQ(net.times_got(i, text), i == author ? 0U : 1U)
        << "seed " << seed << " node " << i << " " << text;
  }
}

TEST(RouterNet, EveryMessageReachesEverySubscriberWithinAFewHeartbeatsThoughControlIsLost) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto size = static_cast<std::uint32_t>(2 + seed * 3 / 2);
    RouterNet net({.seed = seed, .control_loss = 0.3});
    net.add_nodes(size);
    connect_at_random(net, size * 4);
    net.join_all();
    net.run_for(milliseconds(60));
    for (int round = 0; round < 20; ++round) {
      const auto author = static_cast<std::uint32_t>(net.random().below(size));
      const std::string text = "m" + std::to_string(round);
      net.publish(author, text);
      net.run_for(seconds(4));
      expect_everywhere_once(net, size, author, text, seed);
    }
  }
}

TEST(RouterNet, ANetworkHealsFromDisconnections) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const std::uint32_t size = 12;
    RouterNet net({.seed = seed, .control_loss = 0.1});
    net.add_nodes(size);
    connect_at_random(net, 40);
    net.join_all();
    net.run_for(seconds(2));
    for (int round = 0; round < 15; ++round) {
      // One node loses all that it has, and finds some of them again.
      const auto unlucky = static_cast<std::uint32_t>(net.random().below(size));
      for (std::uint32_t i = 0; i < size; ++i) net.disconnect(unlucky, i);
      net.run_for(milliseconds(static_cast<int>(net.random().below(3000))));
      connect_at_random(net, 3);
      net.run_for(milliseconds(60));
      const auto author = static_cast<std::uint32_t>(net.random().below(size));
      const std::string text = "m" + std::to_string(round);
      net.publish(author, text);
      net.run_for(seconds(4));
      expect_everywhere_once(net, size, author, text, seed);
    }
  }
}

TEST(RouterNet, MeshesSettleBetweenTheirBoundsAndOnBothSides) {
  RouterNet net({.seed = 9});
  net.add_nodes(20);
  net.connect_all();
  net.join_all();
  for (int i = 0; i < 180; ++i) {
    net.run_for(seconds(1));
    for (std::uint32_t n = 0; n < 20; ++n) ASSERT_LE(net.node(n).router.mesh("t").size(), 19U);
  }
  for (std::uint32_t n = 0; n < 20; ++n) {
    const auto mesh = net.node(n).router.mesh("t");
    EXPECT_GE(mesh.size(), 5U) << n;
    EXPECT_LE(mesh.size(), 12U) << n;
    for (std::uint32_t m = 0; m < 20; ++m) {
      const auto other = net.node(m).router.mesh("t");
      EXPECT_EQ(std::ranges::count(mesh, test_peer(m)), std::ranges::count(other, test_peer(n)))
          << n << " " << m;
    }
  }
}

TEST(RouterNet, HonestNodesNeverGraftInsideABackoff) {
  RouterNet net({.seed = 11});
  net.add_nodes(20);
  net.connect_all();
  net.join_all();
  net.run_for(seconds(30));
  for (std::uint32_t n = 0; n < 20; n += 2) net.leave(n);
  net.run_for(seconds(3));
  for (std::uint32_t n = 0; n < 20; n += 2) net.join(n);
  net.run_for(seconds(150));
  for (std::uint32_t n = 0; n < 20; ++n) EXPECT_EQ(net.node(n).router.counters().penalties, 0U) << n;
  for (std::uint32_t n = 0; n < 20; ++n) EXPECT_GE(net.node(n).router.mesh("t").size(), 5U) << n;
}

TEST(RouterNet, ALeaverThatComesBackAtOnceMissesNothing) {
  RouterNet net({.seed = 12});
  net.add_nodes(6);
  net.connect_all();
  net.join_all();
  net.run_for(seconds(2));
  net.leave(0);
  net.run_for(milliseconds(100));
  net.join(0);
  net.run_for(milliseconds(100));  // within the back-off: nobody may graft anybody
  net.publish(3, "m");
  net.run_for(milliseconds(100));
  EXPECT_EQ(net.times_got(0, "m"), 1U);
}

TEST(RouterNet, TheCostOfAMessageInAThickMeshIsThatOfTheMeshNotOfTheFleet) {
  RouterNet net({.seed = 13});
  net.add_nodes(20);
  net.connect_all();
  net.join_all();
  net.run_for(seconds(90));
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  for (std::uint32_t n = 0; n < 20; ++n) before += net.node(n).router.counters().sent;
  for (int i = 0; i < 20; ++i) {
    net.publish(0, "m" + std::to_string(i));
    net.run_for(milliseconds(200));
  }
  for (std::uint32_t n = 0; n < 20; ++n) after += net.node(n).router.counters().sent;
  EXPECT_LE(after - before, 20U * (19 + 20 * 12));
}

TEST(RouterNet, TheSameSeedGivesTheSameRun) {
  const auto run = [](std::uint64_t seed) {
    RouterNet net({.seed = seed, .control_loss = 0.2});
    net.add_nodes(8);
    connect_at_random(net, 10);
    net.join_all();
    for (std::uint32_t i = 0; i < 30; ++i) {
      net.publish(i % 8, std::to_string(i));
      net.run_for(milliseconds(130));
    }
    std::vector<std::string> trace;
    for (std::uint32_t n = 0; n < 8; ++n) {
      for (const auto& text : net.node(n).got) trace.push_back(std::to_string(n) + ":" + text);
      trace.push_back(std::to_string(net.node(n).router.counters().sent));
    }
    return trace;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

}  // namespace
}  // namespace libp2p::gossipsub
