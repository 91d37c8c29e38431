#include "libp2p/identity/peer_id.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "libp2p/multi/cid.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {
namespace {

PublicKey vector_key(const std::string& name) {
  std::ifstream file(std::string(STARLING_TEST_DATA) + "/keys/" + name + ".public.hex");
  std::string hex;
  file >> hex;
  auto key = PublicKey::from_protobuf(from_hex(hex).value_or(Bytes{}));
  EXPECT_TRUE(key) << name;
  return key.value_or(PublicKey{});
}

TEST(PeerId, HoldsShortKeysInline) {
  for (const std::string name : {"ed25519", "secp256k1"}) {
    const PublicKey key = vector_key(name);
    const PeerId id = PeerId::from_public_key(key);
    const Bytes message = key.to_protobuf();
    Bytes expected{0x00, static_cast<std::uint8_t>(message.size())};
    append(expected, message);
    EXPECT_EQ(id.bytes(), expected);
    EXPECT_EQ(id.public_key().value(), key);
    EXPECT_TRUE(id.to_string().starts_with(name == "ed25519" ? "12D3KooW" : "16Uiu2HA"));
  }
}

TEST(PeerId, HashesLongKeys) {
  for (const std::string name : {"ecdsa", "rsa"}) {
    const PublicKey key = vector_key(name);
    const PeerId id = PeerId::from_public_key(key);
    EXPECT_EQ(to_hex(BytesView(id.bytes()).first(2)), "1220");
    EXPECT_EQ(id.bytes().size(), 34U);
    EXPECT_TRUE(id.to_string().starts_with("Qm"));
    EXPECT_TRUE(id.matches(key));
    ASSERT_FALSE(id.public_key());
    EXPECT_EQ(id.public_key().error().code, Errc::not_found);
  }
}

// Computed once from the specification's keys by its rules, with another program.
TEST(PeerId, OfTheSpecificationsKeysIsKnown) {
  EXPECT_EQ(PeerId::from_public_key(vector_key("ed25519")).to_string(),
            "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq");
  EXPECT_EQ(PeerId::from_public_key(vector_key("secp256k1")).to_string(),
            "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY");
  EXPECT_EQ(PeerId::from_public_key(vector_key("ecdsa")).to_string(),
            "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk");
  EXPECT_EQ(PeerId::from_public_key(vector_key("rsa")).to_string(),
            "QmaeANgBs1DTSxWSrPPtobgQuxW8XTfsS4ydbK4rCHzqxG");
}

TEST(PeerId, OfTheAllZeroSeedIsTheOneThatBenchmarksUse) {
  const std::array<std::uint8_t, 32> seed{};
  const PeerId id = PeerId::from_public_key(PrivateKey::ed25519_from_seed(seed).public_key());
  EXPECT_EQ(id.to_string(), "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN");
  EXPECT_EQ(id.short_string(), "4kx6nXTN");
}

TEST(PeerId, ReadsTheExamplesOfTheSpecification) {
  const auto hashed = PeerId::parse("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
  const auto cid = PeerId::parse("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe");
  const auto inlined = PeerId::parse("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA");
  ASSERT_TRUE(hashed && cid && inlined);
  EXPECT_EQ(*hashed, *cid);
  EXPECT_EQ(hashed->to_string(), "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
  EXPECT_EQ(hashed->to_cid(), "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe");
  EXPECT_EQ(inlined->public_key()->type(), KeyType::ed25519);
}

TEST(PeerId, ReadsItsCidInEveryBase) {
  const PeerId id = PeerId::from_public_key(vector_key("ed25519"));
  const Cid cid = Cid::v1(Multicodec::libp2p_key, Multihash::from_bytes(id.bytes()).value());
  for (const char base : std::string_view("fFbBkKzmMuU")) {
    EXPECT_EQ(PeerId::parse(cid.to_string(static_cast<Multibase>(base))).value(), id) << base;
  }
  EXPECT_EQ(cid.to_string(), id.to_cid());
}

TEST(PeerId, StandsInAddresses) {
  const PeerId id = PeerId::from_public_key(vector_key("secp256k1"));
  const Multiaddr address = Multiaddr::parse("/ip4/1.2.3.4/tcp/1")->with_peer(id.bytes());
  EXPECT_EQ(PeerId::from_bytes(address.peer_id_bytes().value()).value(), id);
}

TEST(PeerId, RefusesAnInlineKeyThatIsNone) {
  const Bytes good = PeerId::from_public_key(vector_key("ed25519")).bytes();
  Bytes other_type = good;
  other_type[3] = 2;  // a secp256k1 key of 32 bytes
  Bytes longer = good;
  longer.push_back(0);
  Bytes small_order = good;
  std::fill(small_order.begin() + 6, small_order.end(), std::uint8_t{0});
  for (const Bytes& bytes :
       {other_type, longer, small_order, Bytes{0x00, 0x01, 0x08}, Bytes{0x00, 0x00}, Bytes{}}) {
    const auto id = PeerId::from_bytes(bytes);
    ASSERT_FALSE(id) << to_hex(bytes);
    EXPECT_EQ(id.error().code, Errc::parse);
  }
}

TEST(PeerId, IsOrderedByItsBytesAndEmptyByDefault) {
  EXPECT_TRUE(PeerId().empty());
  EXPECT_EQ(PeerId().to_string(), "");
  EXPECT_FALSE(PeerId().public_key());
  const PeerId inlined = PeerId::from_public_key(vector_key("ed25519"));
  const PeerId hashed = PeerId::from_public_key(vector_key("rsa"));
  EXPECT_LT(PeerId(), inlined);
  EXPECT_LT(inlined, hashed);
}

}  // namespace
}  // namespace libp2p
