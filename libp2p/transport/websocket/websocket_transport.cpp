#include "libp2p/transport/websocket/websocket_transport.hpp"

#include <openssl/err.h>

#include "libp2p/base/blocking.hpp"
#include "libp2p/base/deadline.hpp"
#include "libp2p/transport/tcp/tcp_address.hpp"
#include "libp2p/transport/websocket/address.hpp"
#include "libp2p/transport/websocket/certificates.hpp"
#include "libp2p/transport/websocket/http_upgrade.hpp"
#include "libp2p/transport/websocket/stream.hpp"
#include "libp2p/transport/websocket/tls_stream.hpp"

namespace libp2p {
namespace {

using websocket::Address;
using websocket::Role;
using websocket::ServerCertificate;
using websocket::SharedSslContext;

// Reads files.
Result<SharedSslContext> load_client_context(bool verify, const std::string& extra_ca_file) {
  const openssl::ErrorScope errors;
  SharedSslContext context = websocket::make_client_context();
  if (!verify) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    return context;
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // A machine without authorities trusts nobody, which each dial will say.
  (void)SSL_CTX_set_default_verify_paths(context.get());
  if (!extra_ca_file.empty() && SSL_CTX_load_verify_file(context.get(), extra_ca_file.c_str()) != 1) {
    return fail(Errc::invalid_argument, extra_ca_file + ": no certificates that can be read");
  }
  return context;
}

websocket::UpgradeLimits upgrade_limits(const WebsocketConfig& config) {
  return {.timeout = config.upgrade_timeout};
}

websocket::StreamConfig stream_config(const WebsocketConfig& config) {
  return {.limits = {.max_message_bytes = config.max_message_bytes}};
}

// TLS has no time limit of its own: past it, what is below is cut.
template <class Handshake>
Task<Result<StreamPtr>> secure_in_time(Env env, StreamPtr below, Duration timeout, Handshake handshake) {
  bool expired = false;
  Stream* const cut = below.get();
  const DeadlineGuard deadline(env, timeout, [cut, &expired] {
    expired = true;
    cut->reset();
  });
  auto stream = co_await handshake(std::move(below));
  if (!stream && expired) co_return fail(Errc::timeout, "tls: no handshake in time");
  co_return stream;
}

Task<Result<>> upgrade_inbound(Env env, WebsocketConfig config, ByteConnection& connection) {
  LIBP2P_CO_TRY(Bytes early,
                co_await websocket::accept_upgrade(env, *connection.stream, upgrade_limits(config)));
  connection.stream = websocket::make_stream(env, std::move(connection.stream), Role::server,
                                             std::move(early), stream_config(config));
  co_return Result<>{};
}

Task<Result<>> secure_inbound(Env env, WebsocketConfig config, std::shared_ptr<ServerCertificate> certificate,
                              ByteConnection& connection) {
  const auto handshake = [&](StreamPtr below) {
    return websocket::accept_tls(std::move(below), certificate->context());
  };
  LIBP2P_CO_TRY(connection.stream,
                co_await secure_in_time(env, std::move(connection.stream), config.tls_timeout, handshake));
  co_return co_await upgrade_inbound(env, std::move(config), connection);
}

}  // namespace

struct WebsocketTransport::Parts {
  Parts(Env e, WebsocketConfig c, std::shared_ptr<SharedPorts> p)
      : env(e),
        config(std::move(c)),
        ports(p == nullptr ? std::make_shared<SharedPorts>(e) : std::move(p)),
        tcp(e, config.tcp) {}

  // Loaded with the first use of each.
  Task<Result<SharedSslContext>> client() {
    if (client_context == nullptr) {
      LIBP2P_CO_TRY(client_context, co_await run_blocking(env, [verify = config.verify_certificates,
                                                                ca = config.extra_ca_file] {
                      return load_client_context(verify, ca);
                    }));
    }
    co_return client_context;
  }
  Task<Result<std::shared_ptr<ServerCertificate>>> server() {
    if (auto loaded = certificate.lock()) co_return loaded;
    if (config.certificate_file.empty() || config.key_file.empty()) {
      co_return fail(Errc::invalid_argument, "/tls/ws needs a certificate file and a key file to listen");
    }
    LIBP2P_CO_TRY(auto loaded,
                  co_await ServerCertificate::load(env, {config.certificate_file, config.key_file},
                                                   config.certificate_check_interval));
    certificate = loaded;
    co_return loaded;
  }
  Task<Result<StreamPtr>> secure_outbound(StreamPtr below, std::string host) {
    LIBP2P_CO_TRY(SharedSslContext context, co_await client());
    const auto handshake = [&](StreamPtr stream) {
      return websocket::connect_tls(env, std::move(stream), context, host);
    };
    co_return co_await secure_in_time(env, std::move(below), config.tls_timeout, handshake);
  }

  Env env;
  WebsocketConfig config;
  std::shared_ptr<SharedPorts> ports;
  TcpTransport tcp;
  SharedSslContext client_context;
  std::weak_ptr<ServerCertificate> certificate;  // its listeners own it
};

WebsocketTransport::WebsocketTransport(Env env, WebsocketConfig config, std::shared_ptr<SharedPorts> ports)
    : parts_(std::make_unique<Parts>(env, std::move(config), std::move(ports))) {}

WebsocketTransport::~WebsocketTransport() = default;

bool WebsocketTransport::handles(const Multiaddr& address) const { return websocket::is_address(address); }

Task<Result<ByteConnection>> WebsocketTransport::dial(Multiaddr address) {
  Parts& p = *parts_;
  LIBP2P_CO_TRY(const Address where, websocket::parse_address(address));
  LIBP2P_CO_TRY(ByteConnection connection, co_await p.tcp.dial(where.tcp));
  if (where.secure) {
    LIBP2P_CO_TRY(connection.stream, co_await p.secure_outbound(std::move(connection.stream), where.host()));
  }
  LIBP2P_CO_TRY(Bytes early, co_await websocket::request_upgrade(p.env, *connection.stream, where.authority(),
                                                                 where.target, upgrade_limits(p.config)));
  connection.stream = websocket::make_stream(p.env, std::move(connection.stream), Role::client,
                                             std::move(early), stream_config(p.config));
  connection.local = websocket::join(connection.local, where.scheme);
  connection.remote = websocket::join(connection.remote, where.suffix);
  co_return connection;
}

Task<Result<std::unique_ptr<ByteListener>>> WebsocketTransport::listen(Multiaddr address) {
  Parts& p = *parts_;
  LIBP2P_CO_TRY(const Address where, websocket::parse_address(address));
  LIBP2P_CO_TRY(const asio::ip::tcp::endpoint endpoint, tcp_endpoint(where.tcp));
  PortUse use;
  use.suffix = where.suffix;
  use.remote_suffix = where.scheme;
  if (where.secure) {
    LIBP2P_CO_TRY(auto certificate, co_await p.server());
    use.protocol = PortProtocol::tls;
    use.handshake = [env = p.env, config = p.config, certificate](ByteConnection& connection) {
      return secure_inbound(env, config, certificate, connection);
    };
  } else {
    use.protocol = PortProtocol::http;
    use.handshake = [env = p.env, config = p.config](ByteConnection& connection) {
      return upgrade_inbound(env, config, connection);
    };
  }
  co_return p.ports->listen(endpoint, p.config.tcp, std::move(use));
}

}  // namespace libp2p
