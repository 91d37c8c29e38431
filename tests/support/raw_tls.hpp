// The other end of a TLS connection, in OpenSSL's hands alone, to do with it what our own end never would.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libp2p/crypto/certificate.hpp"
#include "libp2p/crypto/openssl.hpp"
#include "libp2p/security/tls/role.hpp"

namespace libp2p::test {

struct RawTlsOptions {
  std::optional<PeerCertificate> certificate;
  std::vector<std::string> alpn{"libp2p"};  // a server takes the first, asked for or not; empty: no ALPN
  std::function<void(SSL_CTX*)> change_settings{};  // after the certificate
  std::function<void(SSL*)> change_connection{};
};

// Trusts everybody.
class RawTls {
 public:
  RawTls(tls::Role role, RawTlsOptions options)
      : options_(std::move(options)), settings_(SSL_CTX_new(TLS_method())) {
    SSL_CTX* const settings = settings_.get();
    SSL_CTX_set_verify(settings, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(settings, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    if (options_.certificate) use(*options_.certificate);
    if (!options_.alpn.empty()) set_alpn();
    if (options_.change_settings) options_.change_settings(settings);
    connection_.reset(SSL_new(settings));
    SSL_set_bio(connection_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (role == tls::Role::server) {
      SSL_set_accept_state(connection_.get());
    } else {
      SSL_set_connect_state(connection_.get());
    }
    if (options_.change_connection) options_.change_connection(connection_.get());
  }
  RawTls(const RawTls&) = delete;
  RawTls& operator=(const RawTls&) = delete;

  void take(BytesView bytes) {
    if (!bytes.empty()) BIO_write(SSL_get_rbio(connection()), bytes.data(), static_cast<int>(bytes.size()));
  }
  // What it has for the other side.
  [[nodiscard]] Bytes give() {
    BIO* const out = SSL_get_wbio(connection());
    Bytes bytes(BIO_ctrl_pending(out));
    if (!bytes.empty()) BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  bool shake() {
    const openssl::ErrorScope errors;
    return SSL_do_handshake(connection()) == 1;
  }
  void write(BytesView data) {
    const openssl::ErrorScope errors;
    std::size_t written = 0;
    SSL_write_ex(connection(), data.data(), data.size(), &written);
  }
  [[nodiscard]] Bytes read() {
    const openssl::ErrorScope errors;
    Bytes all;
    Bytes piece(16UZ * 1024);
    std::size_t size = 0;
    while (SSL_read_ex(connection(), piece.data(), piece.size(), &size) == 1) {
      append(all, BytesView(piece).first(size));
    }
    return all;
  }
  [[nodiscard]] SSL* connection() const noexcept { return connection_.get(); }

 private:
  void use(const PeerCertificate& certificate) {
    const std::uint8_t* at = certificate.private_key_der.data();
    const openssl::Pkey key(
        d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(certificate.private_key_der.size())));
    const bool ok =
        key &&
        SSL_CTX_use_certificate_ASN1(settings_.get(), static_cast<int>(certificate.certificate_der.size()),
                                     certificate.certificate_der.data()) == 1 &&
        SSL_CTX_use_PrivateKey(settings_.get(), key.get()) == 1;
    openssl::require(ok, "a raw peer's certificate");
  }
  void set_alpn() {
    for (const std::string& protocol : options_.alpn) {
      list_.push_back(static_cast<std::uint8_t>(protocol.size()));
      append(list_, as_bytes(protocol));
    }
    SSL_CTX_set_alpn_protos(settings_.get(), list_.data(), static_cast<unsigned>(list_.size()));
    SSL_CTX_set_alpn_select_cb(
        settings_.get(),
        [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned, void* self) {
          const Bytes& list = static_cast<RawTls*>(self)->list_;
          *out = list.data() + 1;
          *size = list[0];
          return SSL_TLSEXT_ERR_OK;
        },
        this);
  }

  RawTlsOptions options_;
  Bytes list_;
  std::unique_ptr<SSL_CTX, openssl::Releaser<&SSL_CTX_free>> settings_;
  std::unique_ptr<SSL, openssl::Releaser<&SSL_free>> connection_;
};

}  // namespace libp2p::test
