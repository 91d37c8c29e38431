// The stream cipher of private networks, over any number of pieces.
#pragma once

#include <array>

#include "libp2p/base/bytes.hpp"
#include "libp2p/security/pnet/psk.hpp"

namespace libp2p::pnet {

// One direction of one connection. Encrypting and decrypting are the same.
class XSalsa20 {
 public:
  static constexpr std::size_t nonce_bytes = 24;

  XSalsa20(const PreSharedKey& key, std::span<const std::uint8_t, nonce_bytes> nonce);

  // Goes on where the call before it ended. `out` has the size of `in`, and may be the same bytes.
  void apply(BytesView in, MutableBytes out);
  void apply(MutableBytes data) { apply(data, data); }

 private:
  static constexpr std::size_t block_bytes = 64;
  [[nodiscard]] std::size_t left() const noexcept { return block_bytes - used_; }
  void whole_blocks(BytesView in, std::uint8_t* out);

  // The subkey that the first 16 bytes of the nonce make, and the 8 that are left of it (XSalsa20 is Salsa20
  // under those).
  std::array<std::uint8_t, 32> subkey_{};
  std::array<std::uint8_t, 8> nonce_{};
  std::uint64_t next_block_ = 0;
  std::array<std::uint8_t, block_bytes> block_{};  // the stream where a piece ended in the middle of a block
  std::size_t used_ = block_bytes;                 // of block_
};

}  // namespace libp2p::pnet
