#include "libp2p/host/transports.hpp"

namespace libp2p {

std::vector<std::unique_ptr<ByteTransport>> tcp_and_websocket(Env env, const TcpConfig& tcp,
                                                              WebsocketConfig websocket) {
  const auto ports = std::make_shared<SharedPorts>(env);
  websocket.tcp = tcp;
  std::vector<std::unique_ptr<ByteTransport>> transports;
  transports.push_back(std::make_unique<TcpTransport>(env, tcp, ports));
  transports.push_back(std::make_unique<WebsocketTransport>(env, std::move(websocket), ports));
  return transports;
}

}  // namespace libp2p
