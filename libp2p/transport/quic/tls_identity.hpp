// TLS 1.3 for QUIC, on GnuTLS (tls/tls.md, quic/README.md): both sides show one self-signed certificate that
// names the peer's key. The certificate's own key is of P-256 or Ed25519, and no message of the handshake is
// larger than a certificate may be.
#pragma once

#include <gnutls/gnutls.h>

#include <memory>

#include "libp2p/base/clock.hpp"
#include "libp2p/base/random.hpp"
#include "libp2p/crypto/keys.hpp"

namespace libp2p::quic {

// Our certificate and its key. Made once, shared by all connections of a transport.
class TlsIdentity {
 public:
  [[nodiscard]] static Result<std::shared_ptr<const TlsIdentity>> create(const PrivateKey& identity,
                                                                         Random& random);
  // `certificate` and `key` in DER, the key as PKCS#8. Errors: crypto.
  [[nodiscard]] static Result<std::shared_ptr<const TlsIdentity>> load(BytesView certificate, BytesView key);
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;
  ~TlsIdentity();

 private:
  friend class TlsSession;
  TlsIdentity() = default;
  gnutls_certificate_credentials_t credentials_ = nullptr;
  gnutls_priority_t priority_ = nullptr;
};

// One handshake, and the keys that come of it. No session tickets and no 0-RTT: what a replay could do is
// never asked for.
class TlsSession {
 public:
  enum class Role : std::uint8_t { client, server };
  // Asks `verify` once the other side has shown its certificate; other than 0 refuses it.
  using Verify = int (*)(gnutls_session_t);

  [[nodiscard]] static Result<TlsSession> create(std::shared_ptr<const TlsIdentity> identity, Role role,
                                                 Verify verify);

  [[nodiscard]] gnutls_session_t get() const noexcept { return session_.get(); }
  // Whether both sides have agreed on "libp2p".
  [[nodiscard]] bool speaks_libp2p() const;

 private:
  struct Free {
    void operator()(gnutls_session_t session) const noexcept { gnutls_deinit(session); }
  };
  std::shared_ptr<const TlsIdentity> identity_;  // the session refers to it
  std::unique_ptr<std::remove_pointer_t<gnutls_session_t>, Free> session_;
};

// The key in the certificate that the other side of `session` has shown. Errors: crypto (there isn't exactly
// one certificate), and those of verify_peer_certificate.
[[nodiscard]] Result<PublicKey> shown_key(gnutls_session_t session, WallTime now);

}  // namespace libp2p::quic
