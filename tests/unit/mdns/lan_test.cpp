#include "libp2p/protocols/mdns/lan.hpp"

#include <gtest/gtest.h>

#include "tests/support/mdns.hpp"

namespace libp2p::mdns {
namespace {

using test::ip;
using test::multiaddr;

TEST(MdnsLan, PrefixesEndWithinAByteToo) {
  const Prefix v4{ip("10.1.128.1"), 17};
  EXPECT_TRUE(v4.contains(ip("10.1.255.255")));
  EXPECT_FALSE(v4.contains(ip("10.1.127.255")));
  EXPECT_FALSE(v4.contains(ip("fd00::1")));
  const Prefix v6{ip("fd00:1::"), 33};
  EXPECT_TRUE(v6.contains(ip("fd00:1:7fff::1")));
  EXPECT_FALSE(v6.contains(ip("fd00:1:8000::1")));
  EXPECT_TRUE((Prefix{ip("10.0.0.1"), 0}).contains(ip("8.8.8.8")));
  EXPECT_FALSE((Prefix{ip("10.0.0.1"), 32}).contains(ip("10.0.0.2")));
}

TEST(MdnsLan, LinkLocalSourcesAreAlwaysOnLink) {
  const Interface lan = test::lan_interface();
  EXPECT_TRUE(lan.is_on_link(ip("169.254.3.4")));
  EXPECT_TRUE(lan.is_on_link(ip("fe80::abcd%5")));
  EXPECT_TRUE(lan.is_on_link(ip("192.168.7.200")));
  EXPECT_FALSE(lan.is_on_link(ip("192.168.8.1")));
  EXPECT_FALSE(lan.is_on_link(ip("0.0.0.0")));
  EXPECT_FALSE(lan.is_on_link(ip("224.0.0.251")));
}

TEST(MdnsLan, OwnAddressesAreKnownWhateverTheirScope) {
  EXPECT_TRUE(test::lan_interface().owns(ip("fe80::1%2")));
  EXPECT_FALSE(test::lan_interface().owns(ip("fe80::2%2")));
}

TEST(MdnsLan, AnnouncesOnlyWhatOthersOnTheLanCanReach) {
  for (const char* good :
       {"/ip4/192.168.7.1/tcp/1", "/ip4/203.0.113.9/tcp/7117", "/ip6/fd00::1/udp/4001/quic-v1"}) {
    EXPECT_TRUE(may_announce(multiaddr(good), false)) << good;
  }
  for (const char* bad :
       {"/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1", "/ip4/0.0.0.0/tcp/1", "/ip4/192.168.7.1/tcp/0",
        "/ip4/192.168.7.1", "/ip6/fe80::1/tcp/1", "/dns4/example.com/tcp/1", "/memory/5"}) {
    EXPECT_FALSE(may_announce(multiaddr(bad), false)) << bad;
  }
  const auto circuit =
      multiaddr("/ip4/192.168.7.1/tcp/1/p2p/" + test::peer_number(9).to_string() + "/p2p-circuit");
  EXPECT_FALSE(may_announce(circuit, false));
  EXPECT_TRUE(may_announce(multiaddr("/memory/5"), true));
}

TEST(MdnsLan, BelievesOnlyAddressesOfTheLan) {
  const std::vector<Interface> interfaces{{2, "eth0", {{ip("203.0.113.1"), 24}}}};
  EXPECT_TRUE(may_believe(multiaddr("/ip4/203.0.113.77/tcp/1"), interfaces, false, false));
  EXPECT_TRUE(may_believe(multiaddr("/ip4/10.9.8.7/tcp/1"), interfaces, false, false));
  EXPECT_FALSE(may_believe(multiaddr("/ip4/198.51.100.1/tcp/1"), interfaces, false, false));
  EXPECT_FALSE(may_believe(multiaddr("/dnsaddr/example.com"), interfaces, false, false));
}

TEST(MdnsLan, BelievesLoopbackOfThisMachineOnly) {
  EXPECT_FALSE(may_believe(multiaddr("/ip4/127.0.0.1/tcp/1"), {}, false, false));
  EXPECT_TRUE(may_believe(multiaddr("/ip4/127.0.0.1/tcp/1"), {}, true, false));
  EXPECT_FALSE(may_believe(multiaddr("/ip4/127.0.0.1"), {}, true, false));
}

}  // namespace
}  // namespace libp2p::mdns
