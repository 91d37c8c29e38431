// Key pairs of the four types that libp2p knows, and their protobuf form (peer-ids/peer-ids.md, Keys).
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/random.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p {

namespace detail {
class Signer;
class Verifier;
struct SignerAndPublic;
}  // namespace detail

enum class KeyType : std::uint8_t { rsa = 0, ed25519 = 1, secp256k1 = 2, ecdsa = 3 };

[[nodiscard]] std::string_view to_string(KeyType type) noexcept;

// A value: copies share the parsed key. Default-constructed it verifies nothing and must only be assigned to.
class PublicKey {
 public:
  PublicKey() = default;
  // The deterministic encoding only. Errors: parse (form), not_supported (another key type), limit (RSA
  // outside 2048 to 8192 bits or with a huge exponent; more than 4 KiB), crypto (Ed25519 of small order).
  [[nodiscard]] static Result<PublicKey> from_protobuf(BytesView message);
  // `raw` as inside the protobuf: 32 bytes for Ed25519, 33 compressed for secp256k1, PKIX DER for RSA and
  // ECDSA (an uncompressed point of P-256).
  [[nodiscard]] static Result<PublicKey> from_raw(KeyType type, BytesView raw);

  [[nodiscard]] KeyType type() const noexcept { return type_; }
  [[nodiscard]] const Bytes& raw() const noexcept { return raw_; }
  // The deterministic encoding that peer ids are made of.
  [[nodiscard]] Bytes to_protobuf() const;
  // Strict: Ed25519 signatures with a non-canonical S or an R of small order are refused, secp256k1 ones with
  // a high S.
  [[nodiscard]] bool verify(BytesView message, BytesView signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) noexcept {
    return a.type_ == b.type_ && a.raw_ == b.raw_;
  }

 private:
  KeyType type_{};
  Bytes raw_;
  std::shared_ptr<const detail::Verifier> verifier_;
};

class PrivateKey {
 public:
  PrivateKey() = default;
  // Ed25519 and secp256k1 draw from `random` alone; ECDSA (P-256) and RSA (`rsa_bits`, 2048 to 8192) draw
  // from OpenSSL's.
  [[nodiscard]] static Result<PrivateKey> generate(KeyType type, Random& random, unsigned rsa_bits = 2048);
  [[nodiscard]] static PrivateKey ed25519_from_seed(std::span<const std::uint8_t, 32> seed);
  // Ed25519 in 64 bytes or the legacy 96; errors as PublicKey::from_protobuf.
  [[nodiscard]] static Result<PrivateKey> from_protobuf(BytesView message);

  [[nodiscard]] KeyType type() const noexcept { return public_.type(); }
  [[nodiscard]] Bytes to_protobuf() const;
  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_; }
  [[nodiscard]] Result<Bytes> sign(BytesView message) const;

 private:
  [[nodiscard]] static Result<PrivateKey> assemble(KeyType type, detail::SignerAndPublic parts);

  PublicKey public_;
  std::shared_ptr<const detail::Signer> signer_;
};

}  // namespace libp2p
