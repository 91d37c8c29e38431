#include "libp2p/crypto/keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <fstream>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/crypto/hash.hpp"
#include "libp2p/crypto/openssl.hpp"

namespace libp2p {
namespace {

Bytes vector_of(const std::string& name) {
  std::ifstream file(std::string(STARLING_TEST_DATA) + "/keys/" + name + ".hex");
  std::string hex;
  file >> hex;
  const auto bytes = from_hex(hex);
  EXPECT_TRUE(bytes && !bytes->empty()) << name;
  return bytes.value_or(Bytes{});
}

Bytes bytes_of(std::string_view hex) { return from_hex(hex).value(); }

Bytes key_message(std::uint64_t type, BytesView data) {
  return ProtobufWriter().varint(1, type).bytes(2, data).take();
}

void append_der(Bytes& out, std::uint8_t tag, BytesView content) {
  out.push_back(tag);
  if (content.size() < 0x80) {
    out.push_back(static_cast<std::uint8_t>(content.size()));
  } else if (content.size() < 0x100) {
    out.push_back(0x81);
    out.push_back(static_cast<std::uint8_t>(content.size()));
  } else {
    out.push_back(0x82);
    out.push_back(static_cast<std::uint8_t>(content.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(content.size()));
  }
  append(out, content);
}

// A SubjectPublicKeyInfo of these two INTEGERs, given with whatever zeros they start with.
Bytes rsa_der(BytesView modulus, BytesView exponent) {
  Bytes numbers;
  append_der(numbers, 0x02, modulus);
  append_der(numbers, 0x02, exponent);
  Bytes bit_string{0};
  append_der(bit_string, 0x30, numbers);
  Bytes info = bytes_of("300d06092a864886f70d0101010500");
  append_der(info, 0x03, bit_string);
  Bytes der;
  append_der(der, 0x30, info);
  return der;
}

// With an odd modulus of exactly that many bits.
Bytes rsa_der(std::size_t bits, BytesView exponent) {
  Bytes modulus(bits / 8 + 1, 0xff);
  modulus[0] = static_cast<std::uint8_t>((1U << (bits % 8)) - 1);
  return rsa_der(modulus, exponent);
}

const Bytes usual_exponent{1, 0, 1};

class EveryKeyType : public testing::TestWithParam<KeyType> {
 protected:
  SeededRandom random_{11};
  PrivateKey key_ = PrivateKey::generate(GetParam(), random_).value();
};

TEST_P(EveryKeyType, SignsWhatItsPublicKeyVerifies) {
  const Bytes message = to_bytes("the message");
  const Bytes signature = key_.sign(message).value();
  EXPECT_TRUE(key_.public_key().verify(message, signature));
  EXPECT_TRUE(key_.public_key().verify({}, key_.sign({}).value()));
  EXPECT_FALSE(key_.public_key().verify(to_bytes("the messagE"), signature));
  EXPECT_FALSE(key_.public_key().verify(message, {}));
}

TEST_P(EveryKeyType, RefusesASignatureWithAnyByteChangedOrMissing) {
  const Bytes message = to_bytes("the message");
  const Bytes signature = key_.sign(message).value();
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Bytes bent = signature;
    bent[i] ^= 0x40;
    EXPECT_FALSE(key_.public_key().verify(message, bent)) << i;
  }
  EXPECT_FALSE(key_.public_key().verify(message, BytesView(signature).first(signature.size() - 1)));
  Bytes longer = signature;
  longer.push_back(0);
  EXPECT_FALSE(key_.public_key().verify(message, longer));
}

TEST_P(EveryKeyType, RefusesAnotherKeysSignature) {
  const PrivateKey other = PrivateKey::generate(GetParam(), random_).value();
  EXPECT_NE(other.public_key(), key_.public_key());
  const Bytes message = to_bytes("the message");
  EXPECT_FALSE(key_.public_key().verify(message, other.sign(message).value()));
}

TEST_P(EveryKeyType, KeepsItselfThroughBothProtobufForms) {
  const auto loaded = PrivateKey::from_protobuf(key_.to_protobuf());
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_EQ(loaded->public_key(), key_.public_key());
  EXPECT_EQ(loaded->to_protobuf(), key_.to_protobuf());
  const auto known = PublicKey::from_protobuf(key_.public_key().to_protobuf());
  ASSERT_TRUE(known) << known.error().to_string();
  EXPECT_EQ(*known, key_.public_key());
  const Bytes message = to_bytes("the message");
  EXPECT_TRUE(known->verify(message, loaded->sign(message).value()));
}

TEST_P(EveryKeyType, RefusesEveryCutAndEveryLengthening) {
  const Bytes whole = key_.public_key().to_protobuf();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(PublicKey::from_protobuf(BytesView(whole).first(size))) << size;
  }
  Bytes raw = key_.public_key().raw();
  for (std::size_t size = 0; size < raw.size(); ++size) {
    EXPECT_FALSE(PublicKey::from_raw(GetParam(), BytesView(raw).first(size))) << size;
  }
  raw.push_back(0);
  EXPECT_FALSE(PublicKey::from_raw(GetParam(), raw));
}

INSTANTIATE_TEST_SUITE_P(Keys, EveryKeyType,
                         testing::Values(KeyType::ed25519, KeyType::secp256k1, KeyType::ecdsa, KeyType::rsa),
                         [](const auto& type) { return std::string(to_string(type.param)); });

class SpecificationVector : public testing::TestWithParam<const char*> {};

TEST_P(SpecificationVector, GivesThePublicKeyOfThePrivateOne) {
  const std::string name = GetParam();
  const Bytes private_bytes = vector_of(name + ".private");
  const Bytes public_bytes = vector_of(name + ".public");
  const auto key = PrivateKey::from_protobuf(private_bytes);
  ASSERT_TRUE(key) << key.error().to_string();
  EXPECT_EQ(to_hex(key->to_protobuf()), to_hex(private_bytes));
  EXPECT_EQ(to_hex(key->public_key().to_protobuf()), to_hex(public_bytes));
  const auto known = PublicKey::from_protobuf(public_bytes);
  ASSERT_TRUE(known) << known.error().to_string();
  EXPECT_TRUE(known->verify(as_bytes("text"), key->sign(as_bytes("text")).value()));
}

INSTANTIATE_TEST_SUITE_P(PeerIds, SpecificationVector,
                         testing::Values("ed25519", "secp256k1", "ecdsa", "rsa"),
                         [](const auto& name) { return std::string(name.param); });

TEST(PrivateKey, TakesTheLegacyEd25519FormOnlyWithEqualPublicHalves) {
  SeededRandom random(3);
  const PrivateKey key = PrivateKey::generate(KeyType::ed25519, random).value();
  const Bytes message = key.to_protobuf();
  Bytes legacy(message.end() - 64, message.end());
  append(legacy, key.public_key().raw());
  const auto loaded = PrivateKey::from_protobuf(key_message(1, legacy));
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_EQ(loaded->to_protobuf(), message);
  for (const std::size_t at : {32U, 64U}) {
    Bytes bent = legacy;
    bent[at] ^= 1;
    const auto refused = PrivateKey::from_protobuf(key_message(1, bent));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::parse);
  }
}

TEST(PrivateKey, RefusesAnEcdsaKeyWithAnotherKeysPublicHalf) {
  SeededRandom random(3);
  Bytes message = vector_of("ecdsa.private");
  const Bytes other = PrivateKey::generate(KeyType::ecdsa, random)->public_key().raw();
  std::copy(other.end() - 64, other.end(), message.end() - 64);
  EXPECT_FALSE(PrivateKey::from_protobuf(message));
}

TEST(PrivateKey, DrawsFromTheGivenRandomAlone) {
  for (const KeyType type : {KeyType::ed25519, KeyType::secp256k1}) {
    SeededRandom one(5);
    SeededRandom same(5);
    EXPECT_EQ(PrivateKey::generate(type, one)->to_protobuf(),
              PrivateKey::generate(type, same)->to_protobuf());
  }
}

TEST(PrivateKey, RefusesToMakeRsaKeysOutsideTheLimits) {
  SeededRandom random(1);
  for (const unsigned bits : {0U, 1024U, 2047U, 8193U, 16384U}) {
    const auto key = PrivateKey::generate(KeyType::rsa, random, bits);
    ASSERT_FALSE(key) << bits;
    EXPECT_EQ(key.error().code, Errc::limit);
  }
}

TEST(PrivateKey, SignsEd25519AsRfc8032) {
  const Bytes seed = bytes_of("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const PrivateKey key = PrivateKey::ed25519_from_seed(BytesView(seed).first<32>());
  EXPECT_EQ(to_hex(key.public_key().raw()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(to_hex(key.sign(Bytes{0x72}).value()),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(DefaultKeys, SignAndVerifyNothing) {
  EXPECT_FALSE(PublicKey().verify({}, {}));
  EXPECT_FALSE(PrivateKey().sign({}));
}

TEST(PublicKey, RefusesAnUnknownTypeByName) {
  const auto key = PublicKey::from_protobuf(key_message(99, Bytes(32, 1)));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::not_supported);
}

TEST(PublicKey, RefusesEveryEncodingButTheDeterministicOne) {
  const Bytes good = vector_of("ed25519.public");
  const Bytes raw(good.end() - 32, good.end());
  const Bytes swapped = ProtobufWriter().bytes(2, raw).varint(1, 1).take();
  const Bytes twice = ProtobufWriter().varint(1, 1).varint(1, 1).bytes(2, raw).take();
  const Bytes more = ProtobufWriter().varint(1, 1).bytes(2, raw).varint(3, 0).take();
  const Bytes untyped = ProtobufWriter().bytes(2, raw).take();
  const Bytes empty = ProtobufWriter().varint(1, 1).take();
  for (const Bytes& message : {swapped, twice, more, untyped, empty, Bytes{}}) {
    const auto key = PublicKey::from_protobuf(message);
    ASSERT_FALSE(key) << to_hex(message);
    EXPECT_EQ(key.error().code, Errc::parse);
  }
}

TEST(PublicKey, WritesTheTypeOfRsaAlthoughItIsZero) {
  EXPECT_EQ(PublicKey::from_protobuf(vector_of("rsa.public"))->to_protobuf().front(), 0x08);
}

TEST(PublicKey, RefusesMoreThanFourKibibytes) {
  const auto key = PublicKey::from_protobuf(key_message(0, Bytes(5000, 0x30)));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::limit);
}

TEST(Ed25519, RefusesASignatureWhoseSIsNotReduced) {
  SeededRandom random(2);
  const PrivateKey key = PrivateKey::generate(KeyType::ed25519, random).value();
  Bytes signature = key.sign(as_bytes("text")).value();
  // S + L has the same value modulo the group order.
  const Bytes order = bytes_of("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned>(signature[32 + i]) + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_EQ(carry, 0U);
  EXPECT_FALSE(key.public_key().verify(as_bytes("text"), signature));
}

constexpr std::string_view small_order_points[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    // The same points and others, written with y of the prime or more.
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

TEST(Ed25519, RefusesKeysOfSmallOrderOrNotCanonical) {
  for (const auto point : small_order_points) {
    const auto key = PublicKey::from_raw(KeyType::ed25519, bytes_of(point));
    ASSERT_FALSE(key) << point;
    EXPECT_EQ(key.error().code, Errc::crypto);
  }
}

openssl::Number number_le(BytesView bytes) {
  return openssl::Number(BN_lebin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

// S = H(R, A, M) * a modulo the group order: with the neutral element as R, S * B = R + H * A holds.
Bytes signature_with_neutral_r(BytesView seed, const PublicKey& key, BytesView message) {
  Bytes signature = bytes_of("0100000000000000000000000000000000000000000000000000000000000000");
  Sha512Digest expanded = sha512(seed);
  expanded[0] &= 248;
  expanded[31] = static_cast<std::uint8_t>((expanded[31] & 127) | 64);
  Bytes hashed = signature;
  append(hashed, key.raw());
  append(hashed, message);
  const auto order = number_le(bytes_of("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"));
  const auto scalar = number_le(BytesView(expanded).first(32));
  const auto hash = number_le(sha512(hashed));
  const openssl::Number s(BN_new());
  const std::unique_ptr<BN_CTX, openssl::Releaser<&BN_CTX_free>> scratch(BN_CTX_new());
  EXPECT_EQ(BN_mod_mul(s.get(), scalar.get(), hash.get(), order.get(), scratch.get()), 1);
  signature.resize(64);
  EXPECT_EQ(BN_bn2lebinpad(s.get(), signature.data() + 32, 32), 32);
  return signature;
}

TEST(Ed25519, RefusesAnROfSmallOrderEvenWhereTheEquationHolds) {
  const Bytes seed(32, 9);
  const PrivateKey key = PrivateKey::ed25519_from_seed(BytesView(seed).first<32>());
  const Bytes signature = signature_with_neutral_r(seed, key.public_key(), as_bytes("text"));
  const openssl::Pkey plain(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.public_key().raw().data(), 32));
  const openssl::DigestContext context(EVP_MD_CTX_new());
  ASSERT_EQ(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, plain.get()), 1);
  ASSERT_EQ(EVP_DigestVerify(context.get(), signature.data(), 64, as_bytes("text").data(), 4), 1)
      << "the case must be one that plain verification accepts";
  EXPECT_FALSE(key.public_key().verify(as_bytes("text"), signature));
}

TEST(Secp256k1, RefusesAHighS) {
  SeededRandom random(2);
  const PrivateKey key = PrivateKey::generate(KeyType::secp256k1, random).value();
  const Bytes low = key.sign(as_bytes("text")).value();
  ASSERT_TRUE(key.public_key().verify(as_bytes("text"), low));
  // DER: 30 len 02 len R 02 len S. The group order less S is the other solution.
  const std::size_t s_at = 4 + low[3] + 2;
  const BytesView s = BytesView(low).subspan(s_at);
  const Bytes order = bytes_of("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
  Bytes other(32);
  int borrow = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const int digit = i < s.size() ? s[s.size() - 1 - i] : 0;
    int difference = order[31 - i] - digit - borrow;
    borrow = difference < 0 ? 1 : 0;
    if (difference < 0) difference += 256;
    other[31 - i] = static_cast<std::uint8_t>(difference);
  }
  Bytes high(low.begin(), low.begin() + static_cast<std::ptrdiff_t>(s_at) - 2);
  append(high, Bytes{0x02, 0x21, 0x00});
  append(high, other);
  high[1] = static_cast<std::uint8_t>(high.size() - 2);
  EXPECT_FALSE(key.public_key().verify(as_bytes("text"), high));
}

TEST(Secp256k1, RefusesUncompressedKeysAndPointsOffTheCurve) {
  Bytes raw(33, 0xff);
  raw[0] = 0x02;
  EXPECT_FALSE(PublicKey::from_raw(KeyType::secp256k1, raw));
  EXPECT_FALSE(PublicKey::from_raw(KeyType::secp256k1, Bytes(65, 4)));
  EXPECT_FALSE(PrivateKey::from_protobuf(key_message(2, Bytes(32, 0))));
  EXPECT_FALSE(PrivateKey::from_protobuf(key_message(2, Bytes(32, 0xff))));
}

TEST(Ecdsa, RefusesPointsOffTheCurveAndOtherCurves) {
  Bytes message = vector_of("ecdsa.public");
  message.back() ^= 1;
  EXPECT_FALSE(PublicKey::from_protobuf(message));
  // secp256k1's own curve in the same wrapping
  EXPECT_FALSE(PublicKey::from_raw(
      KeyType::ecdsa,
      bytes_of("3056301006072a8648ce3d020106052b8104000a034200047777e994e452c21604f91de093ce415f5432f701"
               "dd8cd1a7a6fea0e630bfca997777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99")));
}

TEST(Rsa, AcceptsFrom2048To8192BitsAndNothingElse) {
  for (const std::size_t bits : {2048U, 2049U, 3072U, 4096U, 8191U, 8192U}) {
    EXPECT_TRUE(PublicKey::from_raw(KeyType::rsa, rsa_der(bits, usual_exponent))) << bits;
  }
  for (const std::size_t bits : {512U, 1024U, 2047U, 8193U, 16384U}) {
    const auto key = PublicKey::from_raw(KeyType::rsa, rsa_der(bits, usual_exponent));
    ASSERT_FALSE(key) << bits;
    EXPECT_EQ(key.error().code, Errc::limit);
  }
}

TEST(Rsa, RefusesExponentsThatAreEvenOneOrHuge) {
  for (const Bytes& exponent : {Bytes{1}, Bytes{2}, Bytes{4}, Bytes(100, 0x7f), Bytes{1, 0, 0, 0, 1}}) {
    const auto key = PublicKey::from_raw(KeyType::rsa, rsa_der(2048, exponent));
    ASSERT_FALSE(key) << to_hex(exponent);
    EXPECT_EQ(key.error().code, Errc::limit);
  }
  EXPECT_TRUE(PublicKey::from_raw(KeyType::rsa, rsa_der(2048, Bytes{3})));
}

TEST(Rsa, RefusesOversizedKeysInUnderAMillisecond) {
  const Bytes key = key_message(0, rsa_der(16384, usual_exponent));
  const std::clock_t before = std::clock();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(PublicKey::from_protobuf(key));
  EXPECT_LT(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC, 0.020);
}

TEST(Rsa, RefusesEveryOtherEncodingOfItsNumbers) {
  Bytes modulus(257, 0xff);
  modulus[0] = 0;
  const Bytes good = rsa_der(modulus, usual_exponent);
  ASSERT_TRUE(PublicKey::from_raw(KeyType::rsa, good));
  Bytes long_length{0x30, 0x83, 0x00, good[2], good[3]};
  append(long_length, BytesView(good).subspan(4));
  Bytes left_over = good;
  left_over.push_back(0);
  Bytes unused_bits = good;
  unused_bits[23] = 1;
  ASSERT_EQ(good[23], 0);
  const Bytes negative(256, 0xff);
  Bytes more_zeros{0};
  append(more_zeros, modulus);
  for (const Bytes& der : {long_length, left_over, unused_bits, rsa_der(negative, usual_exponent),
                           rsa_der(more_zeros, usual_exponent), rsa_der(Bytes{}, usual_exponent),
                           rsa_der(Bytes{0}, usual_exponent), rsa_der(modulus, Bytes{}),
                           rsa_der(modulus, Bytes{0}), rsa_der(modulus, Bytes{0, 3})}) {
    const auto key = PublicKey::from_raw(KeyType::rsa, der);
    ASSERT_FALSE(key) << to_hex(der).substr(0, 80);
    EXPECT_EQ(key.error().code, Errc::parse);
  }
}

}  // namespace
}  // namespace libp2p
