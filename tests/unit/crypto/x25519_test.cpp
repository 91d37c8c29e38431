#include "libp2p/crypto/x25519.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace libp2p {
namespace {

X25519Key key_of(std::string_view hex) {
  const auto bytes = from_hex(hex);
  X25519Key key{};
  EXPECT_TRUE(bytes && bytes->size() == key.size()) << hex;
  if (bytes && bytes->size() == key.size()) std::ranges::copy(*bytes, key.begin());
  return key;
}

TEST(X25519, MultipliesAsInRfc7748) {
  const auto first = x25519(key_of("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                            key_of("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"));
  ASSERT_TRUE(first);
  EXPECT_EQ(to_hex(*first), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
  const auto second = x25519(key_of("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
                             key_of("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"));
  ASSERT_TRUE(second);
  EXPECT_EQ(to_hex(*second), "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

TEST(X25519, AgreesAsInRfc7748) {
  const auto alice =
      X25519KeyPair::from_private(key_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
  const auto bob =
      X25519KeyPair::from_private(key_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  EXPECT_EQ(to_hex(alice.public_key), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(to_hex(bob.public_key), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const auto one = x25519(alice, bob.public_key);
  const auto other = x25519(bob, alice.public_key);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(to_hex(*one), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  EXPECT_EQ(*one, *other);
}

TEST(X25519, DrawsDifferentPairsThatAgree) {
  SeededRandom random(7);
  const auto a = X25519KeyPair::generate(random);
  const auto b = X25519KeyPair::generate(random);
  EXPECT_NE(a.private_key, b.private_key);
  EXPECT_EQ(x25519(a, b.public_key).value(), x25519(b.private_key, a.public_key).value());
}

// The points of order 1, 2, 4 and 8, with the encodings beyond p and with the top bit that X25519 ignores.
TEST(X25519, RefusesEveryPointOfSmallOrder) {
  constexpr std::string_view points[] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "0100000000000000000000000000000000000000000000000000000000000080",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
  };
  SeededRandom random(1);
  const auto own = X25519KeyPair::generate(random);
  for (const auto point : points) {
    const auto secret = x25519(own, key_of(point));
    ASSERT_FALSE(secret) << point;
    EXPECT_EQ(secret.error().code, Errc::crypto);
  }
}

}  // namespace
}  // namespace libp2p
