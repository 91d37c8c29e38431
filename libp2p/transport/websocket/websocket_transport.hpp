// WebSocket over TCP, plain and within TLS (websockets/README.md): /ip4/…/tcp/…/ws and /ip4/…/tcp/…/tls/ws.
#pragma once

#include <memory>
#include <string>

#include "libp2p/transport/tcp/shared_port.hpp"
#include "libp2p/transport/tcp/tcp_transport.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p {

struct WebsocketConfig {
  // PEM: the chain, the server's own certificate first, and its key. What listens on /tls/ws needs both. They
  // are looked at every so often, and taken again when they have changed.
  std::string certificate_file{};
  std::string key_file{};
  Duration certificate_check_interval = std::chrono::seconds(30);
  // Whether a server's certificate has to be good for the name, or the IP address, that was dialled. Whoever
  // answers is proven by libp2p's own handshake in any case.
  bool verify_certificates = true;
  std::string extra_ca_file{};  // PEM: authorities to trust beside those of the system
  // For each step that is taken before bytes flow: TLS, then the upgrade of HTTP.
  Duration tls_timeout = std::chrono::seconds(10);
  Duration upgrade_timeout = std::chrono::seconds(5);
  std::size_t max_message_bytes = 1024UZ * 1024;
  TcpConfig tcp{};  // of the connections below; `share_port` counts here, too
};

// Any page of the web may connect to it: it never shares a port with an interface that trusts browsers.
class WebsocketTransport final : public ByteTransport {
 public:
  // With the TCP transport's `ports`, /tcp/P and /tcp/P/ws can be one port. Null: a port is this transport's
  // alone, or shared by its own /ws and /tls/ws.
  explicit WebsocketTransport(Env env, WebsocketConfig config = {},
                              std::shared_ptr<SharedPorts> ports = nullptr);
  ~WebsocketTransport() override;

  [[nodiscard]] bool handles(const Multiaddr& address) const override;
  // Errors: those of TcpTransport; crypto (the server's certificate), refused (it answered with another
  // status), protocol, timeout; invalid_argument (extra_ca_file).
  [[nodiscard]] Task<Result<ByteConnection>> dial(Multiaddr address) override;
  // Errors: those of TcpTransport; invalid_argument, not_found, io (certificate_file or key_file).
  [[nodiscard]] Task<Result<std::unique_ptr<ByteListener>>> listen(Multiaddr address) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace libp2p
