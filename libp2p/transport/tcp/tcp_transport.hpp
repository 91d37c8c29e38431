// TCP over IPv4 and IPv6: addresses of the form /ip4/…/tcp/… and /ip6/…/tcp/….
#pragma once

#include <memory>
#include <string>

#include "libp2p/transport/transport.hpp"

namespace libp2p {

struct TcpConfig {
  // A connection whose data stays unacknowledged for so long is dead (TCP_USER_TIMEOUT).
  Duration user_timeout = std::chrono::seconds(15);
  // The kernel's name of a congestion control ("cubic"), or empty for the machine's default.
  std::string congestion_control{};
  int backlog = 1024;
  // Whether a listener may share its port with another transport's, where transports were given the same
  // SharedPorts. Not where its bytes don't begin as libp2p's do: in a private network.
  bool share_port = true;
};

class SharedPorts;

class TcpTransport final : public ByteTransport {
 public:
  // `ports`: those it may share; null, none.
  explicit TcpTransport(Env env, TcpConfig config = {}, std::shared_ptr<SharedPorts> ports = nullptr);

  [[nodiscard]] bool handles(const Multiaddr& address) const override;
  // Errors: invalid_argument (not a TCP address, an unknown congestion control), refused, timeout, io.
  [[nodiscard]] Task<Result<ByteConnection>> dial(Multiaddr address) override;
  // IPv6 listeners take IPv6 only, so /ip4/0.0.0.0 and /ip6/:: can share a port. Errors as dial; exists, when
  // the port is taken.
  [[nodiscard]] Task<Result<std::unique_ptr<ByteListener>>> listen(Multiaddr address) override;

 private:
  Env env_;
  TcpConfig config_;
  std::shared_ptr<SharedPorts> ports_;
};

}  // namespace libp2p
