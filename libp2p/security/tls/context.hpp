// What all connections of an identity share. Inside of this module only: it shows OpenSSL.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "libp2p/crypto/certificate.hpp"
#include "libp2p/crypto/openssl.hpp"

namespace libp2p::tls {

// Owned by whoever has a TlsIdentity, and by every connection made with it.
class Context {
 public:
  // TLS 1.3 for clients and servers with this certificate. Errors: invalid_argument, when OpenSSL can't use
  // it.
  [[nodiscard]] static Result<std::shared_ptr<const Context>> create(const PeerCertificate& certificate);

  // Of a connection whose bytes and decisions are those of the Engine that calls.
  [[nodiscard]] SSL_CTX* settings() const noexcept { return settings_.get(); }
  [[nodiscard]] const BIO_METHOD* bytes() const noexcept { return bytes_.get(); }

 private:
  Context();

  std::unique_ptr<SSL_CTX, openssl::Releaser<&SSL_CTX_free>> settings_;
  std::unique_ptr<BIO_METHOD, openssl::Releaser<&BIO_meth_free>> bytes_;
};

}  // namespace libp2p::tls
