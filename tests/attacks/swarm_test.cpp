// Attacks on a peer before anybody has proven who they are.
#include <gtest/gtest.h>

#include "tests/support/streams.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::seconds;

// 256 connections, each of which sends 65,536 bytes of 0xff at once or nothing at all, and stays.
struct Besieged {
  explicit Besieged(bool spoken) : victim(net.add()), honest(net.add()) {
    for (MemoryNode i = 0; i < 256; ++i) {
      // Few machines, many connections each.
      MemoryTransport attacker(net.runtime.env(), net.network, 1000 + i % 16);
      auto dialled = net.runtime.run(attacker.dial(victim.address()));
      if (!dialled) continue;
      if (spoken) (void)net.runtime.run(send(*dialled->stream, Bytes(65'536, 0xff)));
      held.push_back(std::move(dialled->stream));
      most_upgrading = std::max(most_upgrading, victim.swarm.counters().upgrading);
    }
  }
  Duration time_to_join() {
    const Instant began = net.runtime.now();
    EXPECT_TRUE(net.connect(honest, victim));
    EXPECT_TRUE(net.run_until([&] { return victim.swarm.is_connected(honest.id); }, seconds(1)));
    return net.runtime.now() - began;
  }
  SwarmNet net;
  TestNode& victim;
  TestNode& honest;
  std::vector<StreamPtr> held;
  std::size_t most_upgrading = 0;
};

TEST(Swarm, MS06_AnHonestPeerJoinsWhileSilentConnectionsAreHeld) {
  Besieged siege(false);
  EXPECT_EQ(siege.held.size(), 256U);
  EXPECT_EQ(siege.most_upgrading, ResourceLimits{}.upgrading);
  EXPECT_LT(siege.time_to_join(), seconds(1));
  // And the silent ones are gone in time.
  siege.net.runtime.run_for(seconds(11));
  EXPECT_EQ(siege.victim.swarm.counters().upgrading, 0U);
  EXPECT_EQ(siege.victim.swarm.connections().size(), 1U);
}

TEST(Swarm, MS06_AnHonestPeerJoinsWhileConnectionsFullOfOnesAreHeld) {
  Besieged siege(true);
  EXPECT_LE(siege.most_upgrading, ResourceLimits{}.upgrading);
  EXPECT_LT(siege.time_to_join(), seconds(1));
  siege.net.runtime.run_for(seconds(11));
  EXPECT_EQ(siege.victim.swarm.counters().upgrading, 0U);
  EXPECT_EQ(siege.victim.swarm.connections().size(), 1U);
}

}  // namespace
}  // namespace libp2p::test
