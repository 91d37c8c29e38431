// The chaining key, the transcript hash and the key of a handshake (Noise specification, 5.2), for
// 25519_ChaChaPoly_SHA256.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/crypto/hash.hpp"
#include "libp2p/security/noise/cipher_state.hpp"

namespace libp2p::noise {

class SymmetricState {
 public:
  explicit SymmetricState(std::string_view protocol_name);
  SymmetricState(const SymmetricState&) = delete;
  SymmetricState& operator=(const SymmetricState&) = delete;
  ~SymmetricState();

  void mix_key(BytesView input);
  void mix_hash(BytesView data);
  // Appends to `out` what goes over the wire: the plaintext itself as long as there is no key.
  [[nodiscard]] Result<> encrypt_and_hash(BytesView plaintext, Bytes& out);
  [[nodiscard]] Result<Bytes> decrypt_and_hash(BytesView data);
  // The initiator's cipher for sending, then the responder's.
  [[nodiscard]] std::pair<CipherState, CipherState> split() const;

  [[nodiscard]] const Sha256Digest& hash() const noexcept { return hash_; }

 private:
  Sha256Digest chaining_key_{};
  Sha256Digest hash_{};
  std::optional<CipherState> cipher_;
};

// Overwrites a secret that is no longer needed.
void wipe(MutableBytes secret) noexcept;

}  // namespace libp2p::noise
