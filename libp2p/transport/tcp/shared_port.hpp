// One TCP port for several protocols: the first bytes of a connection say which of them it speaks.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "libp2p/transport/tcp/tcp_transport.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p {

// By how the dialling side begins.
enum class PortProtocol : std::uint8_t {
  multistream,  // plain libp2p: the header of multistream-select
  http,         // a request that asks for WebSocket
  tls,          // a ClientHello
};

// The longest beginning that tells.
inline constexpr std::size_t max_first_bytes = 14;

struct FirstBytes {
  std::optional<PortProtocol> protocol{};
  bool undecided = false;  // more bytes are needed
};
// What a connection that begins with `bytes` speaks; neither where it is none of them.
[[nodiscard]] FirstBytes recognise(BytesView bytes) noexcept;

// What a transport wants of a port.
struct PortUse {
  PortProtocol protocol{};
  Multiaddr suffix{};         // what its addresses have behind the port
  Multiaddr remote_suffix{};  // and those of who dials it
  // What it does with a connection before bytes flow; called once for each, perhaps never for some.
  std::function<Task<Result<>>(ByteConnection&)> handshake{};
};

// The ports that the transports of one host share. Nobody waits for a connection to begin: which it is is
// found out in its handshake, when it counts as one that isn't upgraded yet, with the limits of those.
class SharedPorts {
 public:
  // `decide_timeout`: for the first bytes of a connection.
  explicit SharedPorts(Env env, Duration decide_timeout = std::chrono::seconds(10));

  // A second use of an address joins the first, if neither's `config` forbids it. Port 0 is always a new one.
  // Errors: as TcpTransport::listen; exists, too, where that protocol is listened for already.
  [[nodiscard]] Result<std::unique_ptr<ByteListener>> listen(const asio::ip::tcp::endpoint& endpoint,
                                                             const TcpConfig& config, PortUse use);

 private:
  class Port;
  class Listener;
  [[nodiscard]] std::shared_ptr<Port> find(const asio::ip::tcp::endpoint& endpoint);
  [[nodiscard]] Result<std::shared_ptr<Port>> open(const asio::ip::tcp::endpoint& endpoint,
                                                   const TcpConfig& config);

  Env env_;
  Duration decide_timeout_;
  std::map<asio::ip::tcp::endpoint, std::weak_ptr<Port>> ports_;
};

}  // namespace libp2p
