#include "libp2p/protocols/gossipsub/signing.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/varint.hpp"
#include "tests/support/gossipsub.hpp"

namespace libp2p::gossipsub {
namespace {

using namespace test;

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// Made with the openssl command from the specification's rules alone: key seed 00 01 … 1f, seqno
// 0102030405060708, topic "birds", data "hello".
constexpr std::string_view author =
    "00240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
constexpr std::string_view unsigned_part =
    "120568656c6c6f1a080102030405060708"
    "22056269726473";
constexpr std::string_view signature =
    "db6ff6253e2370d2a7b6c8eade647a908568f2ff9e4126e2c2327c623799d9b8e30ce450282145d13c210c9359e3913cb192897a"
    "53cc12f6c64c0c"
    "842d655c07";
// The same message with field 15 (a varint 1) that nobody knows.
constexpr std::string_view signature_with_unknown_field =
    "fbef30bf744eb8fe04380cafa5d0e19182e37d9328281310e16b8d5e86f4f2d94af6fc3de50af4b351c5feec54d4bf8467298506"
    "59ff41d7bb0ee8"
    "5500cc980f";

Bytes vector(std::string_view tail = {}) {
  Bytes all = hex("0a26");
  append(all, hex(author));
  append(all, hex(unsigned_part));
  append(all, hex("2a40"));
  append(all, hex(signature));
  append(all, hex(tail));
  return all;
}

PrivateKey vector_key() {
  std::array<std::uint8_t, 32> seed{};
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(i);
  return PrivateKey::ed25519_from_seed(seed);
}

Result<> check(BytesView encoded) {
  LIBP2P_TRY(const ParsedMessage message, parse_message(encoded));
  return verify_message(message);
}

TEST(Signing, MakesTheBytesOfTheVector) {
  MessageSigner signer(vector_key(), 0x0102030405060708);
  const auto made = signer.sign("birds", as_bytes("hello"));
  ASSERT_TRUE(made);
  EXPECT_EQ(to_hex(*made->wire), to_hex(vector()));
  EXPECT_EQ(to_hex(made->message.id), std::string(author) + "0102030405060708");
  EXPECT_EQ(made->message.seqno, 0x0102030405060708U);
  EXPECT_EQ(as_text(made->message.data), "hello");
}

TEST(Signing, VerifiesTheVector) {
  const Bytes bytes = vector();
  const auto parsed = parse_message(bytes);
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_TRUE(verify_message(*parsed));
  const GossipMessage message = parsed->to_message();
  EXPECT_EQ(message.from.bytes(), hex(author));
  EXPECT_EQ(message.topic, "birds");
  EXPECT_EQ(to_hex(message.id), std::string(author) + "0102030405060708");
}

TEST(Signing, EachMessageHasTheNextSeqno) {
  MessageSigner signer(test_key(1), 41);
  EXPECT_EQ(signer.sign("t", {})->message.seqno, 41U);
  EXPECT_EQ(signer.sign("t", {})->message.seqno, 42U);
}

TEST(Signing, AnyOtherByteBreaksIt) {
  for (const std::size_t at : {std::size_t{45}, std::size_t{52}, std::size_t{60}, std::size_t{70}}) {
    Bytes bytes = vector();
    bytes[at] ^= 1;
    EXPECT_FALSE(check(bytes)) << at;
  }
}

TEST(Signing, UnknownFieldsAreSigned) {
  EXPECT_FALSE(check(vector("7801")));  // added afterwards
  Bytes signed_with_it = hex("0a26");
  append(signed_with_it, hex(author));
  append(signed_with_it, hex(unsigned_part));
  append(signed_with_it, hex("2a40"));
  append(signed_with_it, hex(signature_with_unknown_field));
  append(signed_with_it, hex("7801"));
  EXPECT_TRUE(check(signed_with_it));
}

TEST(Signing, TheKeyIsNotSignedAndMayBeSentWhereTheIdHoldsIt) {
  const std::string key = "3224" + to_hex(vector_key().public_key().to_protobuf());
  EXPECT_TRUE(check(vector(key)));
}

TEST(Signing, RefusesAKeyThatIsNotTheAuthors) {
  const std::string key = "3224" + to_hex(test_key(5).public_key().to_protobuf());
  const auto verdict = check(vector(key));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Errc::crypto);
  EXPECT_FALSE(check(vector("3203080112")));
  EXPECT_FALSE(check(vector("3200")));
}

TEST(Signing, TheKeyIsSentWhenTheIdIsOnlyItsHash) {
  SeededRandom random(1);
  for (const KeyType type : {KeyType::rsa, KeyType::ecdsa}) {
    const auto key = PrivateKey::generate(type, random);
    ASSERT_TRUE(key);
    MessageSigner signer(*key, 1);
    const auto made = signer.sign("t", as_bytes("x"));
    ASSERT_TRUE(made);
    const auto parsed = parse_message(*made->wire);
    ASSERT_TRUE(parsed);
    ASSERT_TRUE(parsed->key);
    EXPECT_TRUE(equal(*parsed->key, key->public_key().to_protobuf()));
    EXPECT_TRUE(verify_message(*parsed));
    // Without it nobody can tell.
    Bytes without(made->wire->begin(),
                  made->wire->end() - static_cast<std::ptrdiff_t>(1 + varint_size(parsed->key->size()) +
                                                                  parsed->key->size()));
    EXPECT_FALSE(check(without));
  }
}

TEST(Signing, Secp256k1IdsHoldTheirKey) {
  SeededRandom random(2);
  const auto key = PrivateKey::generate(KeyType::secp256k1, random);
  ASSERT_TRUE(key);
  MessageSigner signer(*key, 1);
  const auto made = signer.sign("t", as_bytes("x"));
  ASSERT_TRUE(made);
  const auto parsed = parse_message(*made->wire);
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->key);
  EXPECT_TRUE(verify_message(*parsed));
}

TEST(Message, StrictSignRefusesWhatIsMissing) {
  const std::string from = "0a26" + std::string(author);
  const std::string rest = "1a0801020304050607082201742a0101";
  ASSERT_TRUE(parse_message(hex(from + rest)));
  EXPECT_FALSE(parse_message(hex(rest)));                                     // no author
  EXPECT_FALSE(parse_message(hex("0a020000" + rest)));                        // an author that is no peer id
  EXPECT_FALSE(parse_message(hex(from + "2201742a0101")));                    // no seqno
  EXPECT_FALSE(parse_message(hex(from + "1a07010203040506072201742a0101")));  // seven bytes
  EXPECT_FALSE(parse_message(hex(from + "1a0901020304050607080922"
                                        "01742a0101")));                      // nine
  EXPECT_FALSE(parse_message(hex(from + "1a0801020304050607082a0101")));      // no topic
  EXPECT_FALSE(parse_message(hex(from + "1a080102030405060708220174")));      // no signature
  EXPECT_FALSE(parse_message(hex(from + "1a0801020304050607082201742a00")));  // an empty one
}

TEST(Message, RefusesFieldsGivenTwice) {
  for (const char* again : {"120178120179", "220175", "1a080102030405060709", "2a0102",
                            "32013232"
                            "0133"}) {
    EXPECT_FALSE(
        parse_message(hex("0a26" + std::string(author) + "1a0801020304050607082201742a0101" + again)))
        << again;
  }
}

TEST(Signing, TheFirstSeqnoGrowsFromRunToRun) {
  SeededRandom random(3);
  const WallTime now(std::chrono::milliseconds(1'767'225'600'000));
  const std::uint64_t first = first_seqno(now, random);
  EXPECT_GT(first_seqno(now + std::chrono::milliseconds(1), random), first);
  EXPECT_NE(first_seqno(now, random), first);
  EXPECT_LT(first_seqno(WallTime(std::chrono::milliseconds(-5)), random), 1U << 20);
}

}  // namespace
}  // namespace libp2p::gossipsub
