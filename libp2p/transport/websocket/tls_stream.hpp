// TLS over a Stream, by OpenSSL: what makes a WebSocket a secure one. Another thing than the libp2p TLS
// handshake, which proves a peer: this one shows a certificate of the web.
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "libp2p/base/env.hpp"
#include "libp2p/crypto/openssl.hpp"
#include "libp2p/io/stream.hpp"

namespace libp2p::websocket {

using SslContext = std::unique_ptr<SSL_CTX, openssl::Releaser<&SSL_CTX_free>>;
using SharedSslContext = std::shared_ptr<SSL_CTX>;

// TLS 1.2 and 1.3, without tickets: connections live long, so resuming them is worth no secret kept. ALPN
// says http/1.1.
[[nodiscard]] SslContext make_server_context();
[[nodiscard]] SslContext make_client_context();

// Both do the handshake and return what it protects; dropping that resets `below`. They bound nothing in
// time. Errors: crypto (a certificate that isn't good, no common cipher), protocol, and those of the stream.
[[nodiscard]] Task<Result<StreamPtr>> accept_tls(StreamPtr below, SharedSslContext context);
// The certificate must be good for `host`, a name or an IP address, at Env's civil time; unless the context
// verifies nothing. A name is also sent as SNI.
[[nodiscard]] Task<Result<StreamPtr>> connect_tls(Env env, StreamPtr below, SharedSslContext context,
                                                  std::string host);

}  // namespace libp2p::websocket
