// Networks that swallow packets, and how far away others are.
#include "libp2p/swarm/black_hole.hpp"

#include <gtest/gtest.h>

#include "libp2p/swarm/round_trips.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;

void silent(BlackHoleCounter& counter, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) counter.record(false);
}

TEST(BlackHoleCounter, ConcludesNothingFromAFewTrials) {
  BlackHoleCounter counter;
  silent(counter, 19);
  EXPECT_FALSE(counter.blocked());
  EXPECT_TRUE(counter.allow());
  counter.record(false);
  EXPECT_TRUE(counter.blocked());
}

TEST(BlackHoleCounter, OneAnswerInTwentyIsEnough) {
  BlackHoleCounter counter;
  for (int round = 0; round < 50; ++round) {
    counter.record(true);
    silent(counter, 19);
    EXPECT_FALSE(counter.blocked());
  }
  EXPECT_EQ(counter.trials(), 100U);
}

TEST(BlackHoleCounter, ANetworkThatGoesSilentIsNoticedOnceTheWindowShowsIt) {
  BlackHoleCounter counter;
  for (int i = 0; i < 100; ++i) counter.record(true);
  silent(counter, 95);
  EXPECT_FALSE(counter.blocked());
  silent(counter, 1);
  EXPECT_TRUE(counter.blocked());
}

TEST(BlackHoleCounter, LetsOneInTwentyThroughAndAnAnswerEndsIt) {
  BlackHoleCounter counter;
  silent(counter, 20);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 19; ++i) EXPECT_FALSE(counter.allow());
    EXPECT_TRUE(counter.allow());
    counter.record(false);
  }
  counter.record(true);
  EXPECT_FALSE(counter.blocked());
  EXPECT_EQ(counter.trials(), 1U);
  // Not one more silence blocks it again: it starts over.
  silent(counter, 18);
  EXPECT_TRUE(counter.allow());
}

TEST(BlackHoles, CountNearAndFarNetworksApart) {
  BlackHoles holes;
  for (int i = 0; i < 20; ++i) holes.record(address_of("/ip4/8.8.8.8/udp/1/quic-v1"), false);
  EXPECT_TRUE(holes.blocked(PathKind::far_udp));
  for (const PathKind other : {PathKind::near_udp, PathKind::near_ipv6, PathKind::far_ipv6}) {
    EXPECT_FALSE(holes.blocked(other)) << to_string(other);
  }
  BlackHoles::View view(holes);
  EXPECT_TRUE(view.swallows(address_of("/ip4/8.8.4.4/udp/1/quic-v1")));
  EXPECT_FALSE(view.swallows(address_of("/ip4/8.8.4.4/tcp/1")));
  EXPECT_FALSE(view.swallows(address_of("/ip4/10.0.0.1/udp/1/quic-v1")));
  holes.reset();
  EXPECT_FALSE(holes.blocked(PathKind::far_udp));
}

TEST(BlackHoles, CountIpv6OverEveryTransport) {
  BlackHoles holes;
  for (int i = 0; i < 20; ++i) holes.record(address_of("/ip6/2001:db8::1/tcp/1"), false);
  EXPECT_TRUE(holes.blocked(PathKind::far_ipv6));
  EXPECT_FALSE(holes.blocked(PathKind::far_udp));
  BlackHoles::View view(holes);
  EXPECT_TRUE(view.swallows(address_of("/ip6/2001:db8::2/udp/1/quic-v1")));
  holes.record(address_of("/ip6/2001:db8::1/udp/1/quic-v1"), true);
  EXPECT_FALSE(holes.blocked(PathKind::far_ipv6));
}

TEST(BlackHoles, LoopbackAndRelayedAddressesSayNothing) {
  BlackHoles holes;
  const std::string relayed = "/ip4/8.8.8.8/udp/1/quic-v1/p2p/" + node_id(1).to_string() + "/p2p-circuit";
  for (int i = 0; i < 40; ++i) {
    for (const std::string& text :
         {std::string("/ip4/127.0.0.1/udp/1/quic-v1"), std::string("/ip6/::1/tcp/1"), relayed}) {
      holes.record(address_of(text), false);
    }
  }
  for (const PathKind kind : path_kinds) EXPECT_FALSE(holes.blocked(kind)) << to_string(kind);
}

// However many addresses it has, a dial takes one of the requests that are counted up to the next probe.
TEST(BlackHoles, OneDialAsksOnce) {
  BlackHoles holes;
  const Multiaddr address = address_of("/ip4/8.8.8.8/udp/1/quic-v1");
  for (int i = 0; i < 20; ++i) holes.record(address, false);
  int let_through = 0;
  for (int dial = 0; dial < 40; ++dial) {
    BlackHoles::View view(holes);
    const bool swallowed = view.swallows(address);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(view.swallows(address), swallowed);
    let_through += swallowed ? 0 : 1;
  }
  EXPECT_EQ(let_through, 2);
}

TEST(RoundTrips, AreKnownByNetwork) {
  RoundTrips trips;
  trips.note(address_of("/ip4/10.1.2.3/tcp/1"), milliseconds(7));
  trips.note(address_of("/ip6/2001:db8:1:2::3/tcp/1"), milliseconds(9));
  EXPECT_EQ(trips.of(address_of("/ip4/10.1.2.250/udp/9/quic-v1")), milliseconds(7));
  EXPECT_EQ(trips.of(address_of("/ip4/10.1.3.3/tcp/1")), std::nullopt);
  EXPECT_EQ(trips.of(address_of("/ip6/2001:db8:1:ffff::1/tcp/1")), milliseconds(9));
  EXPECT_EQ(trips.of(address_of("/ip6/2001:db8:2::1/tcp/1")), std::nullopt);
  trips.note(address_of("/ip4/10.1.2.4/tcp/1"), milliseconds(8));
  EXPECT_EQ(trips.of(address_of("/ip4/10.1.2.3/tcp/1")), milliseconds(8));
  trips.reset();
  EXPECT_EQ(trips.size(), 0U);
}

TEST(RoundTrips, AreBoundedAndTheOldestGoes) {
  RoundTrips trips;
  const auto network = [](std::size_t i) {
    return address_of("/ip4/10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1/tcp/1");
  };
  for (std::size_t i = 0; i < RoundTrips::max_networks + 10; ++i) trips.note(network(i), milliseconds(1));
  EXPECT_EQ(trips.size(), RoundTrips::max_networks);
  EXPECT_EQ(trips.of(network(9)), std::nullopt);
  EXPECT_TRUE(trips.of(network(10)));
}

TEST(RoundTrips, RelayedAddressesHaveNone) {
  RoundTrips trips;
  trips.note(address_of("/ip4/8.8.8.8/tcp/1/p2p/" + node_id(1).to_string() + "/p2p-circuit"),
             milliseconds(1));
  EXPECT_EQ(trips.size(), 0U);
}

}  // namespace
}  // namespace libp2p::test
