// ATTACKS, multiaddr, peer id and CID: MA01 to MA15.
#include "libp2p/multi/multiaddr.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/identity/peer_record.hpp"
#include "libp2p/multi/address_policy.hpp"
#include "libp2p/multi/cid.hpp"

namespace libp2p {
namespace {

Bytes bytes_of(std::string_view hex) { return from_hex(hex).value(); }

// The binary form of one component with a length.
Bytes component(std::uint32_t code, BytesView value) {
  Bytes out;
  for (; code >= 0x80; code >>= 7) out.push_back(static_cast<std::uint8_t>(code | 0x80));
  out.push_back(static_cast<std::uint8_t>(code));
  if (value.size() >= 0x80) out.push_back(static_cast<std::uint8_t>(value.size() | 0x80));
  out.push_back(static_cast<std::uint8_t>(value.size() >= 0x80 ? value.size() >> 7 : value.size()));
  append(out, value);
  return out;
}

void expect_text_and_binary_refused(std::string_view name, std::uint32_t code, std::string_view value) {
  EXPECT_FALSE(Multiaddr::parse("/" + std::string(name) + "/" + std::string(value))) << printable(value);
  EXPECT_FALSE(Multiaddr::from_bytes(component(code, as_bytes(value)))) << printable(value);
}

// Processor seconds that `call` takes; the machine may be busy with other things.
template <class Call>
double seconds_of(Call call) {
  const std::clock_t before = std::clock();
  call();
  return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
}

TEST(Multiaddr, MA01_NameThatClaimsTwoGibibytes) {
  const auto address = Multiaddr::from_bytes(bytes_of("368080808008"));
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, Errc::parse);
}

TEST(Multiaddr, MA02_NestedCircuits) {
  Bytes nested;
  for (int i = 0; i < 200; ++i) append(nested, bytes_of("a202"));
  EXPECT_TRUE(Multiaddr::from_bytes(BytesView(nested).first(2)));
  EXPECT_EQ(Multiaddr::from_bytes(BytesView(nested).first(4)).error().code, Errc::limit);
  EXPECT_EQ(Multiaddr::from_bytes(nested).error().code, Errc::limit);
  EXPECT_EQ(Multiaddr::parse("/p2p-circuit/p2p-circuit").error().code, Errc::limit);
}

TEST(Multiaddr, MA03_AddressOf600Bytes) {
  const Bytes path = to_bytes("/" + std::string(596, 'a'));
  const Bytes address = component(400, path);
  ASSERT_GE(address.size(), 600U);
  EXPECT_EQ(Multiaddr::from_bytes(address).error().code, Errc::limit);
  EXPECT_EQ(Multiaddr::parse("/unix/" + std::string(596, 'a')).error().code, Errc::limit);
}

TEST(Multiaddr, MA04_AnUnknownProtocolCostsThatAddressAlone) {
  SeededRandom random(1);
  const PrivateKey key = PrivateKey::generate(KeyType::ed25519, random).value();
  const Multiaddr good = Multiaddr::parse("/ip4/192.0.2.1/tcp/1").value();
  ProtobufWriter payload;
  payload.bytes(1, PeerId::from_public_key(key.public_key()).bytes()).varint(2, 1);
  for (const Bytes& address : {bytes_of("ff7f01"), good.bytes(), bytes_of("04010203")}) {
    payload.message(3, ProtobufWriter().bytes(1, address));
  }
  const auto envelope = SignedEnvelope::seal(key, "libp2p-peer-record", bytes_of("0301"), payload.take());
  const auto record = PeerRecord::open(envelope->to_bytes());
  ASSERT_TRUE(record) << record.error().to_string();
  EXPECT_EQ(record->addresses, std::vector<Multiaddr>{good});
  EXPECT_EQ(Multiaddr::from_bytes(bytes_of("ff7f01")).error().code, Errc::not_supported);
}

TEST(Multiaddr, MA05_NamesThatAreNone) {
  const std::string with_nul("a\0b.example", 11);
  const std::string long_name = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                                std::string(63, 'c') + "." + std::string(62, 'd');
  for (const auto& [name, code] :
       {std::pair("dns", 53U), {"dns4", 54U}, {"dns6", 55U}, {"dnsaddr", 56U}, {"sni", 449U}}) {
    for (const std::string& value :
         {std::string(254, 'a'), std::string(64, 'a'), std::string("a..b"), std::string(".."),
          std::string(".a"), std::string("a."), with_nul, long_name, std::string("a b"), std::string("a%00"),
          std::string("caf\xc3\xa9"), std::string("a\x1b[2J")}) {
      expect_text_and_binary_refused(name, code, value);
    }
  }
  EXPECT_FALSE(Multiaddr::from_bytes(bytes_of("3600")));
}

TEST(Multiaddr, MA06_UnixPathFromAPeerIsNeverDialled) {
  const auto local = Multiaddr::parse("/unix/run%2Fdocker.sock");
  ASSERT_TRUE(local) << "an operator may name one";
  EXPECT_FALSE(
      is_dialable_from_remote(*local, {.private_ranges = true, .loopback = true, .link_local = true}));
  for (const auto path : {std::string_view("relative"), std::string_view(), std::string_view("/a\0b", 4)})
    EXPECT_FALSE(Multiaddr::from_bytes(component(400, as_bytes(path))));
  EXPECT_FALSE(Multiaddr::parse("/unix/a%00b"));
}

TEST(Multiaddr, MA07_ZonesHoldNoCommands) {
  for (const std::string_view zone :
       {"%eth0;rm", "eth0;rm", "eth0 -rf", "$(id)", "`id`", "eth0\n", "..%2f"}) {
    expect_text_and_binary_refused("ip6zone", 42, zone);
  }
  expect_text_and_binary_refused("ip6zone", 42, std::string(33, 'a'));
  EXPECT_FALSE(Multiaddr::parse("/ip6/fe80::1%eth0;rm/tcp/1"));
  EXPECT_FALSE(is_dialable_from_remote(Multiaddr::parse("/ip6zone/eth0/ip6/fe80::1/tcp/1").value(),
                                       {.link_local = true}));
}

TEST(Multiaddr, MA08_PortsAreDecimalNumbersOf16Bits) {
  for (const std::string_view port :
       {"65536", "-1", "0x50", "+80", "080", " 80", "80 ", "8e1", "", "99999999999999999999"}) {
    EXPECT_FALSE(Multiaddr::parse("/ip4/192.0.2.1/tcp/" + std::string(port))) << port;
    EXPECT_FALSE(Multiaddr::parse("/ip4/192.0.2.1/udp/" + std::string(port))) << port;
  }
  EXPECT_EQ(Multiaddr::parse("/ip4/192.0.2.1/tcp/65535")->port(), 65535);
}

void expect_no_peer(BytesView multihash) {
  EXPECT_FALSE(PeerId::from_bytes(multihash)) << to_hex(multihash);
  EXPECT_FALSE(Multiaddr::from_bytes(component(421, multihash))) << to_hex(multihash);
  EXPECT_FALSE(PeerId::parse(base58btc_encode(multihash))) << to_hex(multihash);
}

TEST(Multiaddr, MA09_IdentityPeerIdOfMoreThan42Bytes) {
  Bytes id = bytes_of("002b");
  id.resize(2 + 43, 0x08);
  expect_no_peer(id);
}

TEST(Multiaddr, MA10_Sha256CutShort) {
  expect_no_peer(bytes_of("1220aaaaaa"));
  expect_no_peer(bytes_of("1203aaaaaa"));
  Bytes longer = bytes_of("1220");
  longer.resize(2 + 33, 0xaa);
  expect_no_peer(longer);
}

TEST(Multiaddr, MA11_OtherHashesAndRsaInline) {
  expect_no_peer(encode_multihash(Multicodec::sha2_512, Bytes(64, 1)));
  expect_no_peer(encode_multihash(Multicodec::sha1, Bytes(20, 1)));
  SeededRandom random(1);
  const PublicKey rsa = PrivateKey::generate(KeyType::rsa, random)->public_key();
  const Bytes inline_rsa = encode_multihash(Multicodec::identity, rsa.to_protobuf());
  EXPECT_FALSE(PeerId::from_bytes(inline_rsa));
  const Bytes short_rsa =
      encode_multihash(Multicodec::identity, ProtobufWriter().varint(1, 0).bytes(2, Bytes(30)).take());
  EXPECT_FALSE(PeerId::from_bytes(short_rsa));
}

TEST(Multiaddr, MA12_Base58OfOtherLettersOrOfTenThousand) {
  for (const char letter : std::string_view("0OIl")) {
    std::string text = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
    text[20] = letter;
    EXPECT_FALSE(PeerId::parse(text)) << letter;
  }
  for (const std::string& text :
       {"Qm" + std::string(9998, 'z'), std::string(10'000, '1'), "z" + std::string(9999, 'z'),
        "k" + std::string(9999, 'z'), "b" + std::string(9999, 'a')}) {
    constexpr int repetitions = 100;
    EXPECT_LT(seconds_of([&] {
                for (int i = 0; i < repetitions; ++i) EXPECT_FALSE(PeerId::parse(text));
              }),
              0.001 * repetitions);
  }
}

TEST(Multiaddr, MA13_CidOfSomethingElse) {
  const Multihash hash{static_cast<std::uint64_t>(Multicodec::sha2_256), Bytes(32, 7)};
  EXPECT_TRUE(PeerId::parse(Cid::v1(Multicodec::libp2p_key, hash).to_string()));
  for (const Multicodec codec :
       {Multicodec::raw, Multicodec::dag_pb, Multicodec::dag_cbor, Multicodec::identity}) {
    EXPECT_FALSE(PeerId::parse(Cid::v1(codec, hash).to_string()));
    EXPECT_FALSE(Multiaddr::parse("/p2p/" + Cid::v1(codec, hash).to_string()));
  }
}

TEST(Multiaddr, MA14_CertificateHashesThatCanMatchNothing) {
  for (const Bytes& hash : {encode_multihash(static_cast<Multicodec>(0x7777), Bytes(32)),
                            encode_multihash(Multicodec::identity, Bytes(32)),
                            encode_multihash(Multicodec::sha2_256, Bytes(31)), bytes_of("1220aa"), Bytes{}}) {
    EXPECT_FALSE(Multiaddr::from_bytes(component(466, hash))) << to_hex(hash);
    EXPECT_FALSE(Multiaddr::parse("/certhash/" + multibase_encode(Multibase::base64url, hash)))
        << to_hex(hash);
  }
}

// Whatever is accepted can be written, and reads as the same; most changes of one byte are not accepted.
TEST(Multiaddr, MA15_TextAndBinaryRoundTripWhateverIsAccepted) {
  SeededRandom random(15);
  const std::string peer = "/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";
  const Bytes seeds[] = {
      Multiaddr::parse("/ip4/1.2.3.4/tcp/4001/tls/sni/a.example/ws" + peer)->bytes(),
      Multiaddr::parse("/ip6zone/eth0/ip6/fe80::1/udp/1/quic-v1/webtransport")->bytes(),
      Multiaddr::parse("/dnsaddr/a.example" + peer + "/p2p-circuit/http-path/a%20b%2Fc")->bytes(),
      Multiaddr::parse("/unix/tmp%2Fab")->bytes(),
      Multiaddr::parse("/memory/7/ip4/1.0.0.0/ipcidr/8")->bytes(),
  };
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = seeds[random.below(std::size(seeds))];
    for (std::uint64_t n = random.below(3); n > 0; --n) {
      bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.u64());
    }
    const auto address = Multiaddr::from_bytes(bytes);
    if (!address) continue;
    ++accepted;
    const std::string text = address->to_string();
    const auto again = Multiaddr::parse(text);
    ASSERT_TRUE(again) << text << ": " << again.error().to_string();
    ASSERT_EQ(again->bytes(), bytes) << text;
    ASSERT_EQ(again->to_string(), text);
    ASSERT_EQ(printable(text, text.size()), text) << "fit for any terminal";
  }
  EXPECT_GT(accepted, 6'000U);
}

}  // namespace
}  // namespace libp2p
