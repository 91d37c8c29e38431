// Ed25519 (RFC 8032), verified strictly: what passes here passes in every implementation, and under one key
// only.
#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "libp2p/crypto/key_backend.hpp"
#include "libp2p/crypto/openssl.hpp"

namespace libp2p::detail {
namespace {

constexpr std::size_t point_size = 32;
constexpr std::size_t signature_size = 64;
using Point = std::array<std::uint8_t, point_size>;

// y = p - n for the field prime p = 2^255 - 19; n of at most 0xed.
constexpr Point prime_minus(std::uint8_t n) {
  Point y;
  y.fill(0xff);
  y[0] = static_cast<std::uint8_t>(0xed - n);
  y[31] = 0x7f;
  return y;
}

constexpr Point small(std::uint8_t n) {
  Point y{};
  y[0] = n;
  return y;
}

// The y of every point whose order divides 8. A key there has signatures that fit any message.
constexpr std::array<Point, 5> small_order_y = {
    small(1),        // order 1
    prime_minus(1),  // order 2
    small(0),        // order 4
    // order 8
    Point{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
          0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    Point{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
          0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

// Whether an encoded point has its y below p and is not of small order. Whether it lies on the curve is left
// to OpenSSL.
bool is_sound_point(BytesView encoded) {
  Point y{};
  std::ranges::copy(encoded, y.begin());
  y[31] &= 0x7f;  // the sign of x
  constexpr Point prime = prime_minus(0);
  if (!std::ranges::lexicographical_compare(y.rbegin(), y.rend(), prime.rbegin(), prime.rend())) return false;
  return std::ranges::find(small_order_y, y) == small_order_y.end();
}

class Ed25519Verifier final : public Verifier {
 public:
  explicit Ed25519Verifier(openssl::Pkey key) noexcept : key_(std::move(key)) {}

  // OpenSSL itself refuses an S that is not below the group order, and any other encoding of R than its own.
  [[nodiscard]] bool verify(BytesView message, BytesView signature) const override {
    if (signature.size() != signature_size || !is_sound_point(signature.first(point_size))) return false;
    const openssl::ErrorScope errors;
    const openssl::DigestContext context(EVP_MD_CTX_new());
    return context &&
           EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key_.get(), nullptr) ==
               1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                            message.size()) == 1;
  }

 private:
  openssl::Pkey key_;
};

class Ed25519Signer final : public Signer {
 public:
  Ed25519Signer(Bytes raw, openssl::Pkey key) noexcept : Signer(std::move(raw)), key_(std::move(key)) {}

  [[nodiscard]] Result<Bytes> sign(BytesView message) const override {
    const openssl::DigestContext context(EVP_MD_CTX_new());
    Bytes signature(signature_size);
    std::size_t size = signature.size();
    const bool ok =
        context &&
        EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key_.get(), nullptr) == 1 &&
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1;
    if (!ok) return fail(Errc::crypto, "Ed25519 signing failed");
    return signature;
  }

 private:
  openssl::Pkey key_;
};

}  // namespace

Result<VerifierPtr> ed25519_verifier(BytesView raw) {
  if (raw.size() != point_size) {
    return fail(Errc::parse, "an Ed25519 key of " + std::to_string(raw.size()) + " bytes, not 32");
  }
  if (!is_sound_point(raw))
    return fail(Errc::crypto, "an Ed25519 key that is not canonical or of small order");
  openssl::Pkey key(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, raw.data(), raw.size()));
  openssl::require(key != nullptr, "Ed25519 public key");
  return std::make_shared<const Ed25519Verifier>(std::move(key));
}

SignerAndPublic ed25519_signer_of_seed(std::span<const std::uint8_t, 32> seed) {
  openssl::Pkey key(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, seed.data(), seed.size()));
  Bytes public_raw(point_size);
  std::size_t size = public_raw.size();
  openssl::require(key && EVP_PKEY_get_raw_public_key(key.get(), public_raw.data(), &size) == 1,
                   "Ed25519 private key");
  Bytes raw;
  raw.reserve(seed.size() + public_raw.size());  // one allocation, so that no copy of the seed stays behind
  append(raw, seed);
  append(raw, public_raw);
  return {std::make_shared<const Ed25519Signer>(std::move(raw), std::move(key)), std::move(public_raw)};
}

Result<SignerAndPublic> ed25519_signer(BytesView raw) {
  // The legacy form repeats the public key.
  const bool legacy = raw.size() == 96;
  if (raw.size() != 64 && !legacy) {
    return fail(Errc::parse,
                "an Ed25519 private key of " + std::to_string(raw.size()) + " bytes, not 64 or 96");
  }
  SignerAndPublic parts = ed25519_signer_of_seed(raw.first<32>());
  const bool matches =
      equal(raw.subspan(32, 32), parts.public_raw) && (!legacy || equal(raw.last(32), parts.public_raw));
  if (!matches) return fail(Errc::parse, "an Ed25519 private key with another key's public half");
  return parts;
}

}  // namespace libp2p::detail
