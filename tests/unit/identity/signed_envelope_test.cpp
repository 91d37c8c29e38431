#include "libp2p/identity/signed_envelope.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/protobuf.hpp"

namespace libp2p {
namespace {

constexpr std::string_view domain = "test-domain";
const Bytes type{0x03, 0x01};

PrivateKey key_of(KeyType key_type) {
  SeededRandom random(static_cast<std::uint64_t>(key_type) + 1);
  return PrivateKey::generate(key_type, random).value();
}

class EveryKeyType : public testing::TestWithParam<KeyType> {};

TEST_P(EveryKeyType, OpensWhatWasSealed) {
  const PrivateKey key = key_of(GetParam());
  const auto sealed = SignedEnvelope::seal(key, domain, type, to_bytes("payload"));
  ASSERT_TRUE(sealed);
  const auto opened = SignedEnvelope::open(sealed->to_bytes(), domain);
  ASSERT_TRUE(opened) << opened.error().to_string();
  EXPECT_EQ(opened->public_key(), key.public_key());
  EXPECT_EQ(opened->payload_type(), type);
  EXPECT_EQ(opened->payload(), to_bytes("payload"));
  EXPECT_EQ(opened->signature(), sealed->signature());
  EXPECT_EQ(opened->to_bytes(), sealed->to_bytes());
}

INSTANTIATE_TEST_SUITE_P(SignedEnvelope, EveryKeyType,
                         testing::Values(KeyType::ed25519, KeyType::secp256k1, KeyType::ecdsa, KeyType::rsa),
                         [](const auto& info) { return std::string(to_string(info.param)); });

TEST(SignedEnvelope, SignsTheLengthPrefixedDomainTypeAndPayload) {
  const PrivateKey key = key_of(KeyType::ed25519);
  const auto sealed = SignedEnvelope::seal(key, "dom", Bytes{0x55}, Bytes(200, 7)).value();
  Bytes buffer{3, 'd', 'o', 'm', 1, 0x55, 0xc8, 0x01};
  append(buffer, Bytes(200, 7));
  EXPECT_EQ(sealed.signature(), key.sign(buffer).value());
  EXPECT_EQ(sealed.to_bytes(), ProtobufWriter()
                                   .bytes(1, key.public_key().to_protobuf())
                                   .bytes(2, Bytes{0x55})
                                   .bytes(3, Bytes(200, 7))
                                   .bytes(5, sealed.signature())
                                   .take());
}

TEST(SignedEnvelope, KeepsAnEmptyPayload) {
  const auto sealed = SignedEnvelope::seal(key_of(KeyType::ed25519), domain, {}, {}).value();
  const auto opened = SignedEnvelope::open(sealed.to_bytes(), domain);
  ASSERT_TRUE(opened) << opened.error().to_string();
  EXPECT_TRUE(opened->payload().empty());
}

TEST(SignedEnvelope, RefusesAChangeOfAnyBit) {
  const Bytes good =
      SignedEnvelope::seal(key_of(KeyType::ed25519), domain, type, to_bytes("payload"))->to_bytes();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bent = good;
    bent[bit / 8] = static_cast<std::uint8_t>(bent[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(SignedEnvelope::open(bent, domain)) << bit;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(SignedEnvelope::open(BytesView(good).first(size), domain)) << size;
  }
}

TEST(SignedEnvelope, RefusesEveryOtherEncodingOfTheSame) {
  const PrivateKey key = key_of(KeyType::ed25519);
  const SignedEnvelope good = SignedEnvelope::seal(key, domain, type, to_bytes("payload")).value();
  const Bytes public_key = key.public_key().to_protobuf();
  const auto writer = [&] { return ProtobufWriter(); };
  const std::vector<Bytes> forms = {
      writer().bytes(2, type).bytes(1, public_key).bytes(3, good.payload()).bytes(5, good.signature()).take(),
      writer()
          .bytes(1, public_key)
          .bytes(2, Bytes{1})
          .bytes(2, type)
          .bytes(3, good.payload())
          .bytes(5, good.signature())
          .take(),
      writer()
          .bytes(1, public_key)
          .bytes(2, type)
          .bytes(3, good.payload())
          .bytes(4, {})
          .bytes(5, good.signature())
          .take(),
      writer().bytes(1, public_key).bytes(2, type).bytes(3, good.payload()).take(),
      writer().bytes(2, type).bytes(3, good.payload()).bytes(5, good.signature()).take(),
  };
  for (const Bytes& form : forms) {
    const auto opened = SignedEnvelope::open(form, domain);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::parse);
  }
}

TEST(SignedEnvelope, RefusesMoreThanTheGivenBytes) {
  const Bytes good = SignedEnvelope::seal(key_of(KeyType::ed25519), domain, type, Bytes(500))->to_bytes();
  EXPECT_TRUE(SignedEnvelope::open(good, domain, good.size()));
  EXPECT_EQ(SignedEnvelope::open(good, domain, good.size() - 1).error().code, Errc::limit);
}

TEST(SignedEnvelope, PicksTheDomainByThePayloadType) {
  const Bytes other_type{9};
  const std::array<EnvelopeKind, 2> kinds{EnvelopeKind{"one", type}, EnvelopeKind{"two", other_type}};
  const PrivateKey key = key_of(KeyType::ed25519);
  EXPECT_TRUE(SignedEnvelope::open(SignedEnvelope::seal(key, "one", type, Bytes{1})->to_bytes(), kinds));
  EXPECT_TRUE(
      SignedEnvelope::open(SignedEnvelope::seal(key, "two", other_type, Bytes{1})->to_bytes(), kinds));
  EXPECT_EQ(
      SignedEnvelope::open(SignedEnvelope::seal(key, "two", type, Bytes{1})->to_bytes(), kinds).error().code,
      Errc::crypto);
  EXPECT_EQ(SignedEnvelope::open(SignedEnvelope::seal(key, "one", Bytes{8}, Bytes{1})->to_bytes(), kinds)
                .error()
                .code,
            Errc::parse);
}

}  // namespace
}  // namespace libp2p
