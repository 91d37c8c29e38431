#include "libp2p/protocols/mdns/limits.hpp"

#include <gtest/gtest.h>

#include "tests/support/mdns.hpp"

namespace libp2p::mdns {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ip;
using test::peer_number;

constexpr Instant start{seconds(100)};

TEST(MdnsPacketBudget, GivesASourceItsSecondAndThenItsRate) {
  PacketBudget budget(20, 200);
  int admitted = 0;
  for (int i = 0; i < 1000; ++i) admitted += budget.admit(ip("10.0.0.2"), false, start) ? 1 : 0;
  EXPECT_EQ(admitted, 20);
  EXPECT_TRUE(budget.admit(ip("10.0.0.3"), false, start));
  EXPECT_FALSE(budget.admit(ip("10.0.0.2"), false, start + milliseconds(49)));
  EXPECT_TRUE(budget.admit(ip("10.0.0.2"), false, start + milliseconds(50)));
  EXPECT_FALSE(budget.admit(ip("10.0.0.2"), false, start + milliseconds(50)));
}

TEST(MdnsPacketBudget, BoundsAllSourcesTogether) {
  PacketBudget budget(20, 200);
  int admitted = 0;
  for (unsigned i = 0; i < 1000; ++i) {
    admitted += budget.admit(boost::asio::ip::address_v4(0x0a000000U + i % 250), false, start) ? 1 : 0;
  }
  EXPECT_EQ(admitted, 200);
}

TEST(MdnsPacketBudget, NodesOfThisMachineShareOnlyTheCommonBound) {
  PacketBudget budget(20, 200);
  int admitted = 0;
  for (int i = 0; i < 1000; ++i) admitted += budget.admit(ip("10.0.0.1"), true, start) ? 1 : 0;
  EXPECT_EQ(admitted, 200);
  EXPECT_EQ(budget.sources(), 0U);
}

TEST(MdnsPacketBudget, RemembersABoundedNumberOfSourcesAndForgetsThem) {
  PacketBudget budget(20, 1'000'000);
  for (unsigned i = 0; i < 10'000; ++i)
    (void)budget.admit(boost::asio::ip::address_v4(0x0a000000U + i), false, start);
  EXPECT_EQ(budget.sources(), PacketBudget::max_sources);
  budget.expire(start + seconds(1));
  EXPECT_EQ(budget.sources(), 0U);
}

TEST(MdnsPeerTable, NewsAreNewPeersNewAddressesAndOldNewsAfterAWhile) {
  PeerTable table(4, seconds(1));
  const std::vector<Multiaddr> here{test::multiaddr("/ip4/10.0.0.2/tcp/1")};
  const std::vector<Multiaddr> there{test::multiaddr("/ip4/10.0.0.3/tcp/1")};
  EXPECT_TRUE(table.heard(peer_number(2), here, start));
  EXPECT_FALSE(table.heard(peer_number(2), here, start + milliseconds(999)));
  EXPECT_TRUE(table.heard(peer_number(2), there, start + milliseconds(999)));
  EXPECT_TRUE(table.heard(peer_number(2), there, start + milliseconds(1999)));
}

TEST(MdnsPeerTable, MakesRoomByForgettingTheOneHeardOfLongestAgo) {
  PeerTable table(2, seconds(60));
  EXPECT_TRUE(table.heard(peer_number(1), {}, start));
  EXPECT_TRUE(table.heard(peer_number(2), {}, start + seconds(1)));
  EXPECT_FALSE(table.heard(peer_number(1), {}, start + seconds(2)));
  EXPECT_TRUE(table.heard(peer_number(3), {}, start + seconds(3)));  // in the place of 2
  EXPECT_FALSE(table.heard(peer_number(1), {}, start + seconds(4)));
  EXPECT_TRUE(table.heard(peer_number(2), {}, start + seconds(5)));
  EXPECT_EQ(table.size(), 2U);
}

TEST(MdnsPeerTable, EmptiesWhenNobodyIsHeardOf) {
  PeerTable table(16, seconds(1));
  for (unsigned i = 0; i < 16; ++i) (void)table.heard(peer_number(i + 1), {}, start + seconds(i));
  table.expire(start + seconds(8));
  EXPECT_EQ(table.size(), 8U);
  table.expire(start + seconds(16));
  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace libp2p::mdns
