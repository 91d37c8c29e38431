// The XX handshake as a machine over bytes (Noise specification, 5.3 and 7.5): no I/O, no randomness, no
// time.
//
//   -> e        <- e, ee, s, es        -> s, se
#pragma once

#include <cstdint>
#include <string_view>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/crypto/hash.hpp"
#include "libp2p/crypto/x25519.hpp"
#include "libp2p/security/noise/cipher_state.hpp"
#include "libp2p/security/noise/symmetric_state.hpp"

namespace libp2p::noise {

inline constexpr std::size_t max_message_size = 65535;

enum class Role : std::uint8_t { initiator, responder };

struct TransportCiphers {
  CipherState send;
  CipherState receive;
};

class Handshake {
 public:
  // `prologue` is what both sides must agree on beforehand; `ephemeral` must be drawn for this handshake
  // alone.
  Handshake(Role role, BytesView prologue, const X25519KeyPair& static_key, const X25519KeyPair& ephemeral);
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;
  ~Handshake();

  [[nodiscard]] bool finished() const noexcept { return next_message_ == 3; }
  // Whether the next message is ours to write.
  [[nodiscard]] bool writes_next() const noexcept;
  // The first message is the initiator's, in plaintext.
  [[nodiscard]] bool at_first_message() const noexcept { return next_message_ == 0; }
  // What the next message takes beside its payload, in bytes. Not for a finished handshake.
  [[nodiscard]] std::size_t overhead() const noexcept;

  // The next message. Errors: crypto (the other side's key is of small order), limit (longer than a message
  // can be), invalid_argument (not our turn, or failed before: after an error nothing goes on).
  [[nodiscard]] Result<Bytes> write(BytesView payload);
  // Takes the other side's message and returns its payload. Errors: as write, and crypto when it doesn't
  // verify, protocol when it is too short.
  [[nodiscard]] Result<Bytes> read(BytesView message);

  // The other side's static key: known, and proven to be held by it, once its message that carries it was
  // read.
  [[nodiscard]] const X25519Key& remote_static() const noexcept { return remote_static_; }
  // What both sides saw of one another so far: equal on both, and unique to this handshake.
  [[nodiscard]] const Sha256Digest& hash() const noexcept { return symmetric_.hash(); }
  // Only for a finished handshake.
  [[nodiscard]] TransportCiphers split() const;

 private:
  enum class Token : std::uint8_t { e, s, ee, es, se };

  [[nodiscard]] std::span<const Token> pattern() const noexcept;
  [[nodiscard]] Result<> check_turn(bool writing) const;
  [[nodiscard]] Result<Bytes> write_tokens(BytesView payload);
  [[nodiscard]] Result<Bytes> read_tokens(BytesView message);
  [[nodiscard]] Result<> mix_shared_secret(Token token);

  Role role_;
  X25519KeyPair static_;
  X25519KeyPair ephemeral_;
  X25519Key remote_static_{};
  X25519Key remote_ephemeral_{};
  SymmetricState symmetric_;
  std::size_t next_message_ = 0;
  bool failed_ = false;
};

}  // namespace libp2p::noise
