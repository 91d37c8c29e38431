#include "libp2p/protocols/identify/told_addresses.hpp"

#include <gtest/gtest.h>

#include "tests/support/identify.hpp"

namespace libp2p::identify {
namespace {

using test::multiaddr;
using test::multiaddrs;
using test::peer_number;

const std::vector<Multiaddr> one_of_each =
    multiaddrs({"/ip4/203.0.113.5/tcp/1", "/ip4/10.1.2.3/tcp/1", "/ip4/169.254.169.254/tcp/80",
                "/ip4/127.0.0.1/tcp/22"});

std::size_t kept_from(std::string_view remote) {
  return addresses_to_keep(one_of_each, peer_number(2), multiaddr(remote)).size();
}

TEST(IdentifyAddresses, KeepsWhatReachesAsFarAsTheTeller) {
  EXPECT_EQ(kept_from("/ip4/198.51.100.1/tcp/9"), 1U);
  EXPECT_EQ(kept_from("/ip6/2001:db8::1/tcp/9"), 1U);
  EXPECT_EQ(kept_from("/ip4/192.168.0.9/tcp/9"), 2U);
  EXPECT_EQ(kept_from("/ip4/100.64.0.9/tcp/9"), 2U);
  EXPECT_EQ(kept_from("/ip6/fd00::9/tcp/9"), 2U);
  EXPECT_EQ(kept_from("/ip4/169.254.0.9/tcp/9"), 3U);
  EXPECT_EQ(kept_from("/ip6zone/eth0/ip6/fe80::9/tcp/9"), 3U);
  EXPECT_EQ(kept_from("/ip4/127.0.0.1/tcp/9"), 4U);
}

TEST(IdentifyAddresses, TellersBehindARelayAreFarAway) {
  EXPECT_EQ(kept_from("/ip4/10.0.0.1/tcp/1/p2p/" + peer_number(9).to_string() + "/p2p-circuit"), 1U);
}

TEST(IdentifyAddresses, StripsTheTellersIdAndDropsAnotherOne) {
  const auto kept = addresses_to_keep({multiaddr("/ip4/203.0.113.5/tcp/1/p2p/" + peer_number(2).to_string()),
                                       multiaddr("/ip4/203.0.113.5/tcp/2/p2p/" + peer_number(3).to_string()),
                                       multiaddr("/ip4/203.0.113.5/tcp/1")},
                                      peer_number(2), multiaddr("/ip4/198.51.100.1/tcp/9"));
  EXPECT_EQ(kept, multiaddrs({"/ip4/203.0.113.5/tcp/1"}));
}

TEST(IdentifyAddresses, DropsWhatNobodyCanDial) {
  EXPECT_TRUE(addresses_to_keep(multiaddrs({"/ip4/0.0.0.0/tcp/1", "/ip6/::/tcp/1", "/ip4/203.0.113.5/tcp/0",
                                            "/dns4/localhost/tcp/1", "/ip4/224.0.0.251/udp/5353"}),
                                peer_number(2), multiaddr("/ip4/127.0.0.1/tcp/9"))
                  .empty());
}

TEST(IdentifyAddresses, MemoryAddressesAreOfOneProcess) {
  const auto told = multiaddrs({"/memory/7"});
  EXPECT_EQ(addresses_to_keep(told, peer_number(2), multiaddr("/memory/9")), told);
  EXPECT_TRUE(addresses_to_keep(told, peer_number(2), multiaddr("/ip4/10.0.0.1/tcp/9")).empty());
}

TEST(IdentifyAddresses, KeepsNamesAndRelayedAddresses) {
  const auto told = {multiaddr("/dns4/node.example/tcp/443"),
                     multiaddr("/ip4/203.0.113.9/tcp/1/p2p/" + peer_number(9).to_string() + "/p2p-circuit")};
  EXPECT_EQ(addresses_to_keep(told, peer_number(2), multiaddr("/ip4/198.51.100.1/tcp/9")).size(), 2U);
}

}  // namespace
}  // namespace libp2p::identify
