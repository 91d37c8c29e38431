#include "libp2p/security/pnet/xsalsa20.hpp"

#include <sodium.h>

#include <algorithm>

#include "libp2p/crypto/openssl.hpp"

namespace libp2p::pnet {
namespace {

// Before this the library takes its slowest code; afterwards what the processor can do.
void prepare_library() {
  static const bool ready = sodium_init() >= 0;
  openssl::require(ready, "sodium_init");
}

}  // namespace

XSalsa20::XSalsa20(const PreSharedKey& key, std::span<const std::uint8_t, nonce_bytes> nonce) {
  prepare_library();
  static_assert(crypto_core_hsalsa20_OUTPUTBYTES == sizeof subkey_);
  static_assert(crypto_core_hsalsa20_INPUTBYTES + crypto_stream_salsa20_NONCEBYTES == nonce_bytes);
  static_assert(crypto_core_hsalsa20_KEYBYTES == PreSharedKey::key_bytes);
  openssl::require(crypto_core_hsalsa20(subkey_.data(), nonce.data(), key.view().data(), nullptr) == 0,
                   "crypto_core_hsalsa20");
  std::ranges::copy(nonce.last<sizeof nonce_>(), nonce_.begin());
}

void XSalsa20::apply(BytesView in, MutableBytes out) {
  const auto from_block = [&](std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out[i] = in[i] ^ block_[used_ + i];
    used_ += size;
    in = in.subspan(size);
    out = out.subspan(size);
  };
  from_block(std::min(in.size(), left()));
  const std::size_t whole = in.size() / block_bytes * block_bytes;
  whole_blocks(in.first(whole), out.data());
  in = in.subspan(whole);
  out = out.subspan(whole);
  if (in.empty()) return;
  block_.fill(0);
  whole_blocks(block_, block_.data());
  used_ = 0;
  from_block(in.size());
}

void XSalsa20::whole_blocks(BytesView in, std::uint8_t* out) {
  if (in.empty()) return;
  openssl::require(crypto_stream_salsa20_xor_ic(out, in.data(), in.size(), nonce_.data(), next_block_,
                                                subkey_.data()) == 0,
                   "crypto_stream_salsa20_xor_ic");
  next_block_ += in.size() / block_bytes;
}

}  // namespace libp2p::pnet
