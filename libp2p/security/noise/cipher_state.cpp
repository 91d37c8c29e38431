#include "libp2p/security/noise/cipher_state.hpp"

#include <array>
#include <limits>

namespace libp2p::noise {
namespace {

// The last nonce is reserved (5.1), so it is never used and the counter never wraps.
constexpr std::uint64_t reserved_nonce = std::numeric_limits<std::uint64_t>::max();

using Nonce = std::array<std::uint8_t, ChaCha20Poly1305::nonce_size>;

// Four zero bytes and 64 bits, little-endian (12.3).
Nonce encode(std::uint64_t nonce) noexcept {
  Nonce bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[4 + i] = static_cast<std::uint8_t>(nonce >> (8 * i));
  return bytes;
}

std::unexpected<Error> spent() { return fail(Errc::limit, "the key has encrypted 2^64-1 messages"); }

}  // namespace

Result<> CipherState::seal(BytesView associated, BytesView plaintext, MutableBytes out) {
  if (nonce_ == reserved_nonce) return spent();
  cipher_.seal(encode(nonce_), associated, plaintext, out);
  ++nonce_;
  return {};
}

Result<> CipherState::open(BytesView associated, BytesView ciphertext, MutableBytes out) {
  if (nonce_ == reserved_nonce) return spent();
  if (!cipher_.open(encode(nonce_), associated, ciphertext, out)) {
    return fail(Errc::crypto, "a message that does not verify");
  }
  ++nonce_;
  return {};
}

}  // namespace libp2p::noise
