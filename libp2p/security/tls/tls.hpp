// Securing a connection with TLS 1.3 (tls/tls.md).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/crypto/keys.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/io/secure_stream.hpp"
#include "libp2p/security/tls/role.hpp"

namespace libp2p {

namespace tls {
class Context;
}  // namespace tls

struct PeerCertificate;

inline constexpr std::string_view tls_protocol_id = "/tls/1.0.0";

struct TlsOptions {
  std::vector<std::string> muxers{};  // in order of preference, each of 1 to 255 bytes; sent as ALPN
  std::optional<PeerId> expected_peer{};
  Duration timeout = std::chrono::seconds(10);  // for the handshake
};

// A certificate, drawn once, in which the identity vouches for a key: all connections of a process can share
// one, which saves each of them a key and two signatures. It never goes to disk.
class TlsIdentity {
 public:
  // Errors: those of PrivateKey::sign.
  [[nodiscard]] static Result<TlsIdentity> create(const PrivateKey& identity, Random& random);
  // With a certificate that was made before. Errors: invalid_argument.
  [[nodiscard]] static Result<TlsIdentity> of(const PeerCertificate& certificate);

  [[nodiscard]] const std::shared_ptr<const tls::Context>& context() const noexcept { return context_; }

 private:
  std::shared_ptr<const tls::Context> context_;
};

// Runs the handshake over `stream`, in which the dialer is usually the client, and gives back the secured
// stream with the peer that it proved to be. A client checks the expected peer before it says who it is
// itself; it is done before the server has seen its certificate, so that a server's refusal comes with the
// first read. On failure the stream is dropped, after the other side was told. Errors: timeout; protocol,
// parse, crypto, limit and not_supported (what the other side sent); refused (another peer than expected
// answered, or the other side sent an alert); invalid_argument (a muxer); closed; and the stream's own.
//
// The secured stream ends when the other side says so; an end of the stream below without that is an error
// (reset). Its randomness is OpenSSL's, so it is for real networks, not for simulation.
[[nodiscard]] Task<Result<SecuredConnection>> tls_secure(Env env, StreamPtr stream, tls::Role role,
                                                         TlsIdentity identity, TlsOptions options = {});

}  // namespace libp2p
