#include "libp2p/multi/multiaddr.hpp"

#include <gtest/gtest.h>

#include "libp2p/multi/multibase.hpp"
#include "libp2p/multi/multihash.hpp"

namespace libp2p {
namespace {

constexpr std::string_view peer_a = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";
constexpr std::string_view peer_b = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";

Multiaddr addr(std::string_view text) {
  auto parsed = Multiaddr::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().to_string());
  return parsed.value_or(Multiaddr{});
}

struct Form {
  std::string_view text;
  std::string_view hex;
};

class EveryProtocol : public testing::TestWithParam<Form> {};

TEST_P(EveryProtocol, IsReadAndWrittenInBothForms) {
  const auto& [text, hex] = GetParam();
  const auto from_text = Multiaddr::parse(text);
  ASSERT_TRUE(from_text) << from_text.error().to_string();
  EXPECT_EQ(to_hex(from_text->bytes()), hex);
  EXPECT_EQ(from_text->to_string(), text);
  const auto from_bytes = Multiaddr::from_bytes(libp2p::from_hex(hex).value());
  ASSERT_TRUE(from_bytes) << from_bytes.error().to_string();
  EXPECT_EQ(*from_bytes, *from_text);
  EXPECT_EQ(from_bytes->components(), from_text->components());
  EXPECT_EQ(from_bytes->to_string(), text);
}

INSTANTIATE_TEST_SUITE_P(
    Multiaddr, EveryProtocol,
    testing::Values(Form{"/ip4/127.0.0.1/tcp/4001", "047f000001060fa1"},
                    Form{"/ip4/0.0.0.0/udp/0",
                         "0400000000910200"
                         "00"},
                    Form{"/ip6/::1/tcp/65535", "290000000000000000000000000000000106ffff"},
                    Form{"/ip6/2001:db8::8:800:200c:417a", "2920010db80000000000080800200c417a"},
                    Form{"/ip6zone/eth0/ip6/fe80::1",
                         "2a0465746830"
                         "29fe800000000000000000000000000001"},
                    Form{"/ip4/10.0.0.0/ipcidr/8", "040a0000002b08"},
                    Form{"/dns/example.com", "350b6578616d706c652e636f6d"},
                    Form{"/dns4/example.com/tcp/443", "360b6578616d706c652e636f6d0601bb"},
                    Form{"/dns6/example.com", "370b6578616d706c652e636f6d"},
                    Form{"/dnsaddr/libp2p.io", "38096c69627032702e696f"},
                    Form{"/ip4/1.2.3.4/udp/4001/quic-v1",
                         "04010203049102"
                         "0fa1"
                         "cd03"},
                    Form{"/ip4/1.2.3.4/udp/4001/quic",
                         "04010203049102"
                         "0fa1"
                         "cc03"},
                    Form{"/ip4/1.2.3.4/udp/9/quic-v1/webtransport", "040102030491020009cd03d103"},
                    Form{"/ip4/1.2.3.4/udp/9/webrtc-direct", "0401020304910200099802"},
                    Form{"/p2p-webrtc-direct", "9402"}, Form{"/webrtc", "9902"}, Form{"/p2p-circuit", "a202"},
                    Form{"/unix/tmp%2Fp2p.sock", "90030d2f746d702f7032702e736f636b"},
                    Form{"/unix/%2F", "9003012f"}, Form{"/unix/%252F", "9003042f253246"},
                    Form{"/unix/a%2520space", "90030a2f612532307370616365"},
                    Form{"/tls/sni/example.com/ws", "c003c1030b6578616d706c652e636f6ddd03"},
                    Form{"/noise", "c603"}, Form{"/wss", "de03"}, Form{"/http", "e003"},
                    Form{"/https", "bb03"},
                    Form{"/http-path/.well-known%2Flibp2p", "e103122e77656c6c2d6b6e6f776e2f6c6962703270"},
                    Form{"/memory/4660", "89060000000000001234"},
                    Form{"/memory/18446744073709551615", "8906ffffffffffffffff"},
                    Form{"/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
                         "a50322"
                         "12209dff3b17d74cf4d38a50d8b6383e92d181a10395a5e73a726dcccbd21bf6f0b9"}),
    [](const auto& form) { return "n" + std::to_string(form.index); });

TEST(Multiaddr, ReadsCertificateHashesInAnyBaseAndWritesBase64Url) {
  const Bytes hash = encode_multihash(Multicodec::sha2_256, Bytes(32, 0x5a));
  const std::string canonical =
      "/udp/1/webrtc-direct/certhash/" + multibase_encode(Multibase::base64url, hash);
  EXPECT_EQ(addr(canonical).to_string(), canonical);
  EXPECT_EQ(addr("/udp/1/webrtc-direct/certhash/" + multibase_encode(Multibase::base32, hash)).to_string(),
            canonical);
  EXPECT_EQ(addr(canonical).find(AddrProtocol::certhash)->value, hash);
}

TEST(Multiaddr, ReadsPeerIdsInBothFormsAndTheOldName) {
  const Multiaddr expected = addr("/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
  EXPECT_EQ(addr("/ipfs/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"), expected);
  EXPECT_EQ(addr("/p2p/bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"), expected);
}

TEST(Multiaddr, WritesOneTextForAddressesWithSeveral) {
  EXPECT_EQ(addr("/ip6/0:0:0:0:0:0:0:1").to_string(), "/ip6/::1");
  EXPECT_EQ(addr("/ip6/FE80::A").to_string(), "/ip6/fe80::a");
  EXPECT_EQ(addr("/unix/%2ftmp%2fa").to_string(), "/unix/tmp%2Fa");
  EXPECT_EQ(addr("/http-path/a b").to_string(), "/http-path/a%20b");
}

TEST(Multiaddr, RefusesWhatIsNotAnAddressAndNamesTheComponent) {
  for (const std::string_view text : {"",
                                      "/",
                                      "//",
                                      "ip4/1.2.3.4",
                                      "/ip4",
                                      "/ip4/",
                                      "/ip4/1.2.3",
                                      "/ip4/1.2.3.4.5",
                                      "/ip4/01.2.3.4",
                                      "/ip4/256.1.1.1",
                                      "/ip4/1.2.3.4/",
                                      "/ip4/1.2.3.4//tcp/1",
                                      "/ip6/:::",
                                      "/ip6/1.2.3.4",
                                      "/ip6/::1%eth0",
                                      "/tcp",
                                      "/tcp/",
                                      "/tcp/port",
                                      "/tcp/+1",
                                      "/tcp/ 1",
                                      "/tcp/1 ",
                                      "/tcp/080",
                                      "/udp/65536",
                                      "/ipcidr/129",
                                      "/ipcidr/-1",
                                      "/dns4/",
                                      "/sni/a..b",
                                      "/p2p",
                                      "/p2p/",
                                      "/p2p/Qm",
                                      "/p2p/notapeer",
                                      "/certhash/",
                                      "/certhash/u",
                                      "/certhash/zz",
                                      "/unix",
                                      "/unix/",
                                      "/unix/a%00b",
                                      "/unix/%2F%2Fa",
                                      "/unix/a%2",
                                      "/unix/a%zz",
                                      "/http-path/",
                                      "/http-path/%",
                                      "/memory/x",
                                      "/memory/18446744073709551616",
                                      "/ws/1",
                                      "/tcp/1/ws/extra"}) {
    const auto parsed = Multiaddr::parse(text);
    EXPECT_FALSE(parsed) << text;
  }
  EXPECT_EQ(Multiaddr::parse("/ip4/1.2.3.4/tcp/70000").error().to_string(),
            "malformed: /tcp/70000: not a number from 0 to 65535");
  EXPECT_EQ(Multiaddr::parse("/nosuch/1").error().code, Errc::not_supported);
}

TEST(Multiaddr, RefusesBinaryThatIsCutOrNotMinimal) {
  const Bytes whole = addr("/dns4/example.com/tcp/443/p2p/" + std::string(peer_a)).bytes();
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < whole.size(); ++size)
    accepted += Multiaddr::from_bytes(BytesView(whole).first(size)) ? 1 : 0;
  EXPECT_EQ(accepted, 2U) << "only the cuts between components are addresses";
  EXPECT_FALSE(Multiaddr::from_bytes(Bytes{0x84, 0x00, 1, 2, 3, 4}));           // ip4 in two bytes
  EXPECT_FALSE(Multiaddr::from_bytes(Bytes{0x35, 0x83, 0x00, 'a', 'b', 'c'}));  // the length in two bytes
  EXPECT_FALSE(Multiaddr::from_bytes(Bytes{0x90, 0x03, 0x01, 'a'}));            // a path that is not absolute
  EXPECT_EQ(Multiaddr::from_bytes(Bytes{0x7f}).error().code, Errc::not_supported);
}

TEST(Multiaddr, LimitsBytesAndComponents) {
  std::string text;
  for (int i = 0; i < 16; ++i) text += "/ws";
  EXPECT_TRUE(Multiaddr::parse(text));
  EXPECT_EQ(Multiaddr::parse(text + "/ws").error().code, Errc::limit);
  EXPECT_EQ(Multiaddr::from_bytes(Bytes(513, 0)).error().code, Errc::limit);
  const std::string longest = "/unix/" + std::string(512 - 5, 'a');  // code 2, length 2, slash 1
  EXPECT_EQ(addr(longest).bytes().size(), 512U);
  EXPECT_EQ(Multiaddr::parse(longest + "a").error().code, Errc::limit);
  EXPECT_EQ(Multiaddr::parse("/unix/" + std::string(5000, 'a')).error().code, Errc::limit);
}

TEST(Multiaddr, FindsComponentsAndThePort) {
  const Multiaddr address = addr("/ip4/1.2.3.4/udp/4001/quic-v1");
  EXPECT_TRUE(address.has(AddrProtocol::quic_v1));
  EXPECT_FALSE(address.has(AddrProtocol::tcp));
  EXPECT_EQ(address.find(AddrProtocol::ip4)->value_text(), "1.2.3.4");
  EXPECT_EQ(address.find(AddrProtocol::quic_v1)->value_text(), "");
  EXPECT_EQ(address.find(AddrProtocol::dns), nullptr);
  EXPECT_EQ(address.port(), 4001);
  EXPECT_EQ(addr("/dns4/a/tcp/80/ws").port(), 80);
  EXPECT_EQ(addr("/memory/1").port(), std::nullopt);
  EXPECT_TRUE(Multiaddr().empty());
  EXPECT_FALSE(Multiaddr().is_loopback());
}

TEST(Multiaddr, KnowsItsOwnPeerFromTheRelays) {
  const std::string a = "/p2p/" + std::string(peer_a);
  const std::string b = "/p2p/" + std::string(peer_b);
  const Bytes id_a = addr(a).components()[0].value;
  const Bytes id_b = addr(b).components()[0].value;
  EXPECT_EQ(addr("/ip4/1.2.3.4/tcp/1").peer_id_bytes(), std::nullopt);
  EXPECT_EQ(addr("/ip4/1.2.3.4/tcp/1" + a).peer_id_bytes(), id_a);
  EXPECT_EQ(addr("/ip4/1.2.3.4/tcp/1" + a + "/p2p-circuit").peer_id_bytes(), std::nullopt);
  EXPECT_EQ(addr("/ip4/1.2.3.4/tcp/1" + a + "/p2p-circuit" + b).peer_id_bytes(), id_b);
  EXPECT_EQ(addr("/p2p-circuit" + b + "/http").peer_id_bytes(), id_b);
}

TEST(Multiaddr, PutsAPeerAtTheEndAndTakesItAway) {
  const Bytes id_a = addr("/p2p/" + std::string(peer_a)).components()[0].value;
  const Bytes id_b = addr("/p2p/" + std::string(peer_b)).components()[0].value;
  const Multiaddr bare = addr("/ip4/1.2.3.4/tcp/1");
  const Multiaddr with_a = bare.with_peer(id_a);
  EXPECT_EQ(with_a.to_string(), "/ip4/1.2.3.4/tcp/1/p2p/" + std::string(peer_a));
  EXPECT_EQ(with_a, addr(with_a.to_string()));
  EXPECT_EQ(with_a.with_peer(id_b).to_string(), "/ip4/1.2.3.4/tcp/1/p2p/" + std::string(peer_b));
  EXPECT_EQ(with_a.without_peer(), bare);
  EXPECT_EQ(with_a.without_peer().components(), bare.components());
  EXPECT_EQ(bare.without_peer(), bare);
  EXPECT_EQ(Multiaddr().without_peer(), Multiaddr());
}

TEST(Multiaddr, IsBuiltComponentByComponent) {
  const auto address = Multiaddr()
                           .with(AddrProtocol::ip4, "1.2.3.4")
                           .value()
                           .with(AddrProtocol::tcp, "80")
                           .value()
                           .with(AddrProtocol::ws);
  ASSERT_TRUE(address);
  EXPECT_EQ(*address, addr("/ip4/1.2.3.4/tcp/80/ws"));
  EXPECT_FALSE(address->with(AddrProtocol::tcp, "x"));
  EXPECT_FALSE(address->with(AddrProtocol::tcp));
  EXPECT_FALSE(address->with(AddrProtocol::ws, "value"));
  EXPECT_FALSE(address->with(static_cast<AddrProtocol>(99999)));
}

TEST(Multiaddr, TellsTheRangesOfIpAddresses) {
  struct Case {
    std::string_view text;
    bool loopback, is_private, link_local, unspecified;
  };
  for (const Case& c : {
           Case{"/ip4/127.0.0.1/tcp/1", true, false, false, false},
           Case{"/ip4/127.255.255.255", true, false, false, false},
           Case{"/ip4/128.0.0.1", false, false, false, false},
           Case{"/ip6/::1", true, false, false, false},
           Case{"/ip6/::2", false, false, false, false},
           Case{"/ip6/::ffff:127.0.0.1", true, false, false, false},
           Case{"/ip4/10.1.2.3", false, true, false, false},
           Case{"/ip4/172.15.255.255", false, false, false, false},
           Case{"/ip4/172.16.0.0", false, true, false, false},
           Case{"/ip4/172.31.255.255", false, true, false, false},
           Case{"/ip4/172.32.0.0", false, false, false, false},
           Case{"/ip4/192.168.1.1", false, true, false, false},
           Case{"/ip4/100.64.0.1", false, true, false, false},
           Case{"/ip4/100.128.0.1", false, false, false, false},
           Case{"/ip4/169.254.169.254", false, true, true, false},
           Case{"/ip6/fe80::1", false, true, true, false},
           Case{"/ip6/febf::1", false, true, true, false},
           Case{"/ip6/fec0::1", false, false, false, false},
           Case{"/ip6/fd00::1", false, true, false, false},
           Case{"/ip6/fc00::1", false, true, false, false},
           Case{"/ip6/::ffff:10.0.0.1", false, true, false, false},
           Case{"/ip4/0.0.0.0", false, false, false, true},
           Case{"/ip6/::", false, false, false, true},
           Case{"/ip4/8.8.8.8", false, false, false, false},
           Case{"/dns4/localhost", false, false, false, false},
       }) {
    const Multiaddr address = addr(c.text);
    EXPECT_EQ(address.is_loopback(), c.loopback) << c.text;
    EXPECT_EQ(address.is_private(), c.is_private) << c.text;
    EXPECT_EQ(address.is_link_local(), c.link_local) << c.text;
    EXPECT_EQ(address.is_unspecified(), c.unspecified) << c.text;
  }
}

TEST(Multiaddr, OrdersByItsBytes) {
  EXPECT_LT(addr("/ip4/1.2.3.4"), addr("/ip4/1.2.3.5"));
  EXPECT_LT(addr("/ip4/1.2.3.4"), addr("/ip4/1.2.3.4/tcp/1"));
  EXPECT_NE(addr("/tcp/1"), addr("/tcp/2"));
}

}  // namespace
}  // namespace libp2p
