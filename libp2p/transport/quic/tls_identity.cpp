#include "libp2p/transport/quic/tls_identity.hpp"

#include <array>
#include <string>

#include "libp2p/base/bytes.hpp"
#include "libp2p/crypto/certificate.hpp"

namespace libp2p::quic {
namespace {

// AES-128-GCM first: GnuTLS's ChaCha20 takes four times as long. It checks the other side's signature before
// it asks us about the certificate, and RSA of any size: one stranger's key could take minutes (ATTACKS,
// R12). So certificates have keys of P-256, as all peers make them, or Ed25519; identities may be of any
// type.
constexpr const char* priorities =
    "%DISABLE_TLS13_COMPAT_MODE:NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"
    "+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
    "-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-EDDSA-ED25519";
constexpr std::string_view alpn = "libp2p";

std::unexpected<Error> tls_error(std::string_view what, int code) {
  return fail(Errc::crypto, std::string(what) + ": " + gnutls_strerror(code));
}

// GnuTLS doesn't write through it.
gnutls_datum_t datum(BytesView bytes) {
  return {const_cast<unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

}  // namespace

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::create(const PrivateKey& identity, Random& random) {
  LIBP2P_TRY(const PeerCertificate made, make_peer_certificate(identity, random));
  return load(made.certificate_der, made.private_key_der);
}

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::load(BytesView certificate, BytesView key) {
  std::shared_ptr<TlsIdentity> made(new TlsIdentity);
  if (const int code = gnutls_certificate_allocate_credentials(&made->credentials_); code < 0) {
    return tls_error("credentials", code);
  }
  const gnutls_datum_t certificate_datum = datum(certificate);
  const gnutls_datum_t key_datum = datum(key);
  if (const int code = gnutls_certificate_set_x509_key_mem(made->credentials_, &certificate_datum, &key_datum,
                                                           GNUTLS_X509_FMT_DER);
      code < 0) {
    return tls_error("own certificate", code);
  }
  if (const int code = gnutls_priority_init(&made->priority_, priorities, nullptr); code < 0) {
    return tls_error("priorities", code);
  }
  return made;
}

TlsIdentity::~TlsIdentity() {
  if (priority_ != nullptr) gnutls_priority_deinit(priority_);
  if (credentials_ != nullptr) gnutls_certificate_free_credentials(credentials_);
}

Result<TlsSession> TlsSession::create(std::shared_ptr<const TlsIdentity> identity, Role role, Verify verify) {
  const bool server = role == Role::server;
  gnutls_session_t raw = nullptr;
  const unsigned flags = (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NO_TICKETS;
  if (const int code = gnutls_init(&raw, flags); code < 0) return tls_error("session", code);
  TlsSession made;
  made.session_.reset(raw);
  made.identity_ = std::move(identity);
  if (const int code = gnutls_priority_set(raw, made.identity_->priority_); code < 0) {
    return tls_error("priorities", code);
  }
  if (const int code = gnutls_credentials_set(raw, GNUTLS_CRD_CERTIFICATE, made.identity_->credentials_);
      code < 0) {
    return tls_error("credentials", code);
  }
  gnutls_handshake_set_max_packet_length(raw, max_peer_certificate_bytes);
  const gnutls_datum_t protocol = datum(as_bytes(alpn));
  if (const int code = gnutls_alpn_set_protocols(raw, &protocol, 1, GNUTLS_ALPN_MANDATORY); code < 0) {
    return tls_error("ALPN", code);
  }
  if (server) gnutls_certificate_server_set_request(raw, GNUTLS_CERT_REQUIRE);
  gnutls_session_set_verify_function(raw, verify);
  return made;
}

bool TlsSession::speaks_libp2p() const {
  gnutls_datum_t chosen{};
  if (gnutls_alpn_get_selected_protocol(session_.get(), &chosen) != 0) return false;
  return as_text({chosen.data, chosen.size}) == alpn;
}

Result<PublicKey> shown_key(gnutls_session_t session, WallTime now) {
  unsigned count = 0;
  const gnutls_datum_t* shown = gnutls_certificate_get_peers(session, &count);
  if (shown == nullptr || count != 1) {
    return fail(Errc::crypto, "the other side showed " + std::to_string(count) + " certificates, not one");
  }
  return verify_peer_certificate({shown->data, shown->size}, now);
}

}  // namespace libp2p::quic
