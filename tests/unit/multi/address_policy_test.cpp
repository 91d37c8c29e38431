#include "libp2p/multi/address_policy.hpp"

#include <gtest/gtest.h>

namespace libp2p {
namespace {

bool dialable(std::string_view text, const RemoteAddressPolicy& policy = {}) {
  return is_dialable_from_remote(Multiaddr::parse(text).value(), policy);
}

TEST(AddressPolicy, LetsPublicAddressesNamesAndRelaysPass) {
  for (const auto text : {"/ip4/8.8.8.8/tcp/1", "/ip6/2001:db8::1/udp/1/quic-v1", "/ip4/8.8.8.8/tcp/80/ws",
                          "/dns4/example.com/tcp/1", "/dnsaddr/example.com", "/dns/1.example.com/tcp/1",
                          "/ip4/10.0.0.1/tcp/1", "/ip6/fd00::1/tcp/1", "/memory/1",
                          "/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit"}) {
    EXPECT_TRUE(dialable(text)) << text;
  }
}

TEST(AddressPolicy, ClosesWhatIsNoPeersWhateverThePolicy) {
  const RemoteAddressPolicy open{.private_ranges = true, .loopback = true, .link_local = true};
  for (const auto text :
       {"/unix/run%2Fdocker.sock", "/ip4/8.8.8.8/tcp/1/unix/a", "/ip6zone/eth0/ip6/fe80::1/tcp/1",
        "/ip4/8.0.0.0/ipcidr/8", "/ip4/0.0.0.0/tcp/1", "/ip4/0.1.2.3/tcp/1", "/ip6/::/tcp/1",
        "/ip4/224.0.0.251/udp/5353", "/ip4/255.255.255.255/udp/1", "/ip6/ff02::fb/udp/5353",
        "/dns4/localhost/tcp/1", "/dns/a.LocalHost/tcp/1", "/dns4/127.0.0.1/tcp/1", "/dns4/127.1/tcp/1",
        "/dns4/2130706433/tcp/1", "/dns4/0x7f000001/tcp/1", "/ip4/8.8.8.8/ip4/127.0.0.1/tcp/1",
        "/ip6/::ffff:8.8.8.8/tcp/1", "/ip4/8.8.8.8/tcp/80/ws/http-path/admin%2Fdelete"}) {
    EXPECT_FALSE(dialable(text, open)) << text;
  }
  EXPECT_FALSE(is_dialable_from_remote(Multiaddr{}, open));
}

TEST(AddressPolicy, FollowsThePolicyForLocalRanges) {
  EXPECT_FALSE(dialable("/ip4/127.0.0.1/tcp/22"));
  EXPECT_FALSE(dialable("/ip6/::1/tcp/22"));
  EXPECT_FALSE(dialable("/ip6/::ffff:127.0.0.1/tcp/22"));
  EXPECT_TRUE(dialable("/ip4/127.0.0.1/tcp/22", {.loopback = true}));
  EXPECT_FALSE(dialable("/ip4/169.254.169.254/tcp/80"));
  EXPECT_FALSE(dialable("/ip6/fe80::1/tcp/80"));
  EXPECT_TRUE(dialable("/ip6/fe80::1/tcp/80", {.link_local = true}));
  EXPECT_FALSE(dialable("/ip4/192.168.0.1/tcp/80", {.private_ranges = false}));
  EXPECT_FALSE(dialable("/ip4/100.64.0.1/tcp/80", {.private_ranges = false}));
}

}  // namespace
}  // namespace libp2p
