// ChaCha20-Poly1305 (RFC 8439) with the key set once: set-up costs more than a small frame.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "libp2p/base/bytes.hpp"

namespace libp2p {

class ChaCha20Poly1305 {
 public:
  static constexpr std::size_t key_size = 32;
  static constexpr std::size_t nonce_size = 12;
  static constexpr std::size_t tag_size = 16;

  explicit ChaCha20Poly1305(std::span<const std::uint8_t, key_size> key);
  ChaCha20Poly1305(ChaCha20Poly1305&&) noexcept;
  ChaCha20Poly1305& operator=(ChaCha20Poly1305&&) noexcept;
  ~ChaCha20Poly1305();

  // `out` must hold plaintext.size() + tag_size bytes and may start at the plaintext's own address.
  void seal(std::span<const std::uint8_t, nonce_size> nonce, BytesView associated, BytesView plaintext,
            MutableBytes out);
  // `out` must hold ciphertext.size() - tag_size bytes and may start at the ciphertext's own address. False,
  // with `out` wiped, when the tag is wrong or the ciphertext is shorter than a tag.
  [[nodiscard]] bool open(std::span<const std::uint8_t, nonce_size> nonce, BytesView associated,
                          BytesView ciphertext, MutableBytes out);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace libp2p
