// Diffie-Hellman on Curve25519 (RFC 7748).
#pragma once

#include <array>
#include <cstdint>

#include "libp2p/base/random.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p {

using X25519Key = std::array<std::uint8_t, 32>;

struct X25519KeyPair {
  X25519Key private_key{};
  X25519Key public_key{};

  [[nodiscard]] static X25519KeyPair generate(Random& random);
  [[nodiscard]] static X25519KeyPair from_private(const X25519Key& private_key);
};

// Errors: crypto, when the shared secret is all zero (a point of small order). `own` must be a true pair.
[[nodiscard]] Result<X25519Key> x25519(const X25519KeyPair& own, const X25519Key& public_key);
// For a private key alone; takes half as long again, since the public half must be computed first.
[[nodiscard]] Result<X25519Key> x25519(const X25519Key& private_key, const X25519Key& public_key);

}  // namespace libp2p
