#include "libp2p/protocols/identify/observed_addresses.hpp"

#include <gtest/gtest.h>

#include "tests/support/identify.hpp"

namespace libp2p::identify {
namespace {

using std::chrono::minutes;
using test::multiaddr;
using test::multiaddrs;

constexpr Instant start{minutes(100)};
const std::vector<Multiaddr> listening = multiaddrs({"/ip4/0.0.0.0/tcp/7117", "/ip6/::/tcp/7117"});

// The observer of the given number, each in a /16 of its own.
std::string observer(unsigned number) { return "/ip4/" + std::to_string(20 + number) + ".5.0.1/tcp/4001"; }

void observe(ObservedAddresses& addresses, unsigned connection, const std::string& by,
             std::string_view observed, Direction direction = Direction::inbound, Instant now = start) {
  addresses.record({connection, direction, multiaddr(by), multiaddr(observed)}, listening, now);
}

TEST(ObservedAddresses, BelievesFourObserversInDifferentNetworks) {
  ObservedAddresses addresses;
  for (unsigned i = 1; i <= 3; ++i) {
    observe(addresses, i, observer(i), "/ip4/203.0.113.5/tcp/7117");
    EXPECT_TRUE(addresses.confirmed(start).empty());
  }
  observe(addresses, 4, observer(4), "/ip4/203.0.113.5/tcp/7117");
  EXPECT_EQ(addresses.confirmed(start), multiaddrs({"/ip4/203.0.113.5/tcp/7117"}));
}

TEST(ObservedAddresses, ObserversOfOneNetworkCountOnce) {
  ObservedAddresses addresses;
  for (unsigned i = 1; i <= 200; ++i) {
    observe(addresses, i, "/ip4/20.5." + std::to_string(i) + ".1/tcp/1", "/ip4/203.0.113.5/tcp/7117");
    observe(addresses, 1000 + i, "/ip6/2001:db8:" + std::to_string(i) + "::1/tcp/1",
            "/ip4/203.0.113.5/tcp/7117");
  }
  EXPECT_TRUE(addresses.confirmed(start).empty());
}

TEST(ObservedAddresses, AConnectionHasOneOpinion) {
  ObservedAddresses addresses;
  for (unsigned i = 1; i <= 4; ++i) observe(addresses, 1, observer(i), "/ip4/203.0.113.5/tcp/7117");
  EXPECT_EQ(addresses.size(), 1U);
  EXPECT_TRUE(addresses.confirmed(start).empty());
  observe(addresses, 1, observer(1), "/ip4/127.0.0.1/tcp/1");  // takes its opinion back
  EXPECT_EQ(addresses.size(), 0U);
}

TEST(ObservedAddresses, ConnectionsThatWeOpenedCountForTheListeningPort) {
  ObservedAddresses addresses;
  for (unsigned i = 1; i <= 4; ++i) {
    observe(addresses, i, observer(i), "/ip4/203.0.113.5/tcp/" + std::to_string(40'000 + i),
            Direction::outbound);
  }
  EXPECT_EQ(addresses.confirmed(start), multiaddrs({"/ip4/203.0.113.5/tcp/7117"}));
}

TEST(ObservedAddresses, OfAKindThatWeDontListenOnSaysNothing) {
  ObservedAddresses addresses;
  for (unsigned i = 1; i <= 4; ++i) {
    observe(addresses, i, observer(i), "/ip4/203.0.113.5/udp/40000/quic-v1", Direction::outbound);
    addresses.record(
        {10 + i, Direction::outbound, multiaddr(observer(i)), multiaddr("/ip4/203.0.113.5/tcp/40000")},
        multiaddrs({"/ip4/127.0.0.1/tcp/7117"}), start);
  }
  EXPECT_EQ(addresses.size(), 0U);
}

TEST(ObservedAddresses, WhatAClosedConnectionSaidCountsForAWhile) {
  ObservedAddresses addresses;
  for (unsigned i = 1; i <= 4; ++i) observe(addresses, i, observer(i), "/ip4/203.0.113.5/tcp/7117");
  addresses.connection_closed(2, start);
  EXPECT_EQ(addresses.confirmed(start + minutes(29)).size(), 1U);
  EXPECT_TRUE(addresses.confirmed(start + minutes(30)).empty());
  EXPECT_EQ(addresses.size(), 3U);
  for (const unsigned i : {1U, 3U, 4U}) addresses.connection_closed(i, start);
  EXPECT_TRUE(addresses.confirmed(start + minutes(30)).empty());
  EXPECT_EQ(addresses.size(), 0U);
}

TEST(ObservedAddresses, KeepsABoundedNumberOfOpinions) {
  ObservedAddresses addresses;
  for (unsigned i = 0; i < 5000; ++i) observe(addresses, i, observer(i % 100), "/ip4/203.0.113.5/tcp/7117");
  EXPECT_EQ(addresses.size(), 1024U);
  addresses.connection_closed(0, start);
  observe(addresses, 9999, observer(1), "/ip4/203.0.113.5/tcp/7117");
  EXPECT_EQ(addresses.size(), 1024U);
}

TEST(ObservedAddresses, TellsThoseWithMostObserversFirstAndFew) {
  ObservedAddresses addresses;
  unsigned connection = 0;
  for (unsigned a = 1; a <= 12; ++a) {
    for (unsigned i = 0; i < 3 + a; ++i) {
      observe(addresses, ++connection, observer(i), "/ip4/203.0.113." + std::to_string(a) + "/tcp/7117");
    }
  }
  const auto confirmed = addresses.confirmed(start);
  ASSERT_EQ(confirmed.size(), 8U);
  EXPECT_EQ(confirmed.front(), multiaddr("/ip4/203.0.113.12/tcp/7117"));
}

}  // namespace
}  // namespace libp2p::identify
