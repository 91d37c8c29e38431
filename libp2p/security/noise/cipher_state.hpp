// A key and the nonce that counts its messages (Noise specification, 5.1).
#pragma once

#include <cstdint>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/crypto/aead.hpp"

namespace libp2p::noise {

// Owned by one direction of one connection. There is no rekeying: the key is spent when the nonce is.
class CipherState {
 public:
  static constexpr std::size_t key_size = ChaCha20Poly1305::key_size;
  static constexpr std::size_t tag_size = ChaCha20Poly1305::tag_size;

  explicit CipherState(std::span<const std::uint8_t, key_size> key, std::uint64_t nonce = 0)
      : cipher_(key), nonce_(nonce) {}

  // `out` holds plaintext.size() + tag_size bytes and may start where the plaintext does. Errors: limit
  // (spent).
  [[nodiscard]] Result<> seal(BytesView associated, BytesView plaintext, MutableBytes out);
  // `out` holds ciphertext.size() - tag_size bytes and may start where the ciphertext does. What doesn't
  // verify leaves the nonce where it was, and nothing in `out`. Errors: crypto, limit (spent).
  [[nodiscard]] Result<> open(BytesView associated, BytesView ciphertext, MutableBytes out);

  // Of the next message.
  [[nodiscard]] std::uint64_t nonce() const noexcept { return nonce_; }

 private:
  ChaCha20Poly1305 cipher_;
  std::uint64_t nonce_;
};

}  // namespace libp2p::noise
