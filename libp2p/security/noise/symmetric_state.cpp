#include "libp2p/security/noise/symmetric_state.hpp"

#include <algorithm>

namespace libp2p::noise {
namespace {

struct TwoKeys {
  Sha256Digest first;
  Sha256Digest second;
  ~TwoKeys() {
    wipe(first);
    wipe(second);
  }
};

// HKDF with two outputs (4.3).
TwoKeys hkdf(const Sha256Digest& chaining_key, BytesView input) {
  Sha256Digest temporary = hmac_sha256(chaining_key, input);
  TwoKeys keys{};
  const std::uint8_t one = 1;
  keys.first = hmac_sha256(temporary, {&one, 1});
  std::array<std::uint8_t, std::tuple_size_v<Sha256Digest> + 1> first_and_two{};
  std::ranges::copy(keys.first, first_and_two.begin());
  first_and_two.back() = 2;
  keys.second = hmac_sha256(temporary, first_and_two);
  wipe(temporary);
  wipe(first_and_two);
  return keys;
}

}  // namespace

void wipe(MutableBytes secret) noexcept {
  // Through volatile, or the compiler leaves out stores that nobody reads.
  volatile std::uint8_t* bytes = secret.data();
  for (std::size_t i = 0; i < secret.size(); ++i) bytes[i] = 0;
}

SymmetricState::SymmetricState(std::string_view protocol_name) {
  if (protocol_name.size() <= hash_.size()) {
    std::ranges::copy(as_bytes(protocol_name), hash_.begin());
  } else {
    hash_ = sha256(as_bytes(protocol_name));
  }
  chaining_key_ = hash_;
}

SymmetricState::~SymmetricState() { wipe(chaining_key_); }

void SymmetricState::mix_key(BytesView input) {
  const TwoKeys keys = hkdf(chaining_key_, input);
  chaining_key_ = keys.first;
  cipher_.emplace(keys.second);
}

void SymmetricState::mix_hash(BytesView data) {
  Bytes joined(hash_.begin(), hash_.end());
  append(joined, data);
  hash_ = sha256(joined);
}

Result<> SymmetricState::encrypt_and_hash(BytesView plaintext, Bytes& out) {
  const std::size_t start = out.size();
  if (cipher_) {
    out.resize(start + plaintext.size() + CipherState::tag_size);
    LIBP2P_CHECK(cipher_->seal(hash_, plaintext, MutableBytes(out).subspan(start)));
  } else {
    append(out, plaintext);
  }
  mix_hash(BytesView(out).subspan(start));
  return {};
}

Result<Bytes> SymmetricState::decrypt_and_hash(BytesView data) {
  Bytes plaintext;
  if (cipher_) {
    if (data.size() < CipherState::tag_size) return fail(Errc::crypto, "shorter than an authentication tag");
    plaintext.resize(data.size() - CipherState::tag_size);
    LIBP2P_CHECK(cipher_->open(hash_, data, plaintext));
  } else {
    plaintext = to_bytes(data);
  }
  mix_hash(data);
  return plaintext;
}

std::pair<CipherState, CipherState> SymmetricState::split() const {
  const TwoKeys keys = hkdf(chaining_key_, {});
  return {CipherState(keys.first), CipherState(keys.second)};
}

}  // namespace libp2p::noise
