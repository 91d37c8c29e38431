// Securing a connection with Noise XX (noise/README.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/crypto/keys.hpp"
#include "libp2p/crypto/x25519.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/io/secure_stream.hpp"
#include "libp2p/security/noise/handshake.hpp"

namespace libp2p {

inline constexpr std::string_view noise_protocol_id = "/noise";

struct NoiseOptions {
  std::vector<std::string> muxers{};  // in order of preference; empty: the extension isn't sent
  std::optional<PeerId> expected_peer{};
  Duration timeout = std::chrono::seconds(10);  // for the handshake
  Bytes prologue{};                             // what both sides must have agreed on before (WebRTC)
};

// A static key, drawn once, and the identity's signature over it: all handshakes of a process can share one,
// which saves each of them a key and a signature. It never goes to disk.
class NoiseIdentity {
 public:
  // Errors: those of PrivateKey::sign.
  [[nodiscard]] static Result<NoiseIdentity> create(const PrivateKey& identity, Random& random);

  [[nodiscard]] const X25519KeyPair& static_key() const noexcept { return static_key_; }
  // The handshake payload. Errors: limit, when it's more than other sides take.
  [[nodiscard]] Result<Bytes> payload(const std::vector<std::string>& muxers) const;

 private:
  X25519KeyPair static_key_;
  Bytes identity_key_;
  Bytes signature_;
};

// Runs the handshake over `stream`, in which the dialer is usually the initiator, and gives back the secured
// stream with the peer that it proved to be. `identity` must live until the call returns. An initiator checks
// the expected peer before it says who it is itself. On failure the stream is dropped. Errors: timeout;
// protocol, parse, crypto and limit (what the other side sent); refused (another peer than expected
// answered); not_supported (a key type, or both sides sent muxers and none is common); closed; and the
// stream's own.
[[nodiscard]] Task<Result<SecuredConnection>> noise_secure(Env env, StreamPtr stream, noise::Role role,
                                                           const NoiseIdentity& identity,
                                                           NoiseOptions options = {});

// The same as initiator and as responder, with a static key that is drawn and signed for this connection
// alone.
[[nodiscard]] Task<Result<SecuredConnection>> noise_secure_outbound(Env env, StreamPtr stream,
                                                                    PrivateKey identity,
                                                                    NoiseOptions options = {});
[[nodiscard]] Task<Result<SecuredConnection>> noise_secure_inbound(Env env, StreamPtr stream,
                                                                   PrivateKey identity,
                                                                   NoiseOptions options = {});

}  // namespace libp2p
