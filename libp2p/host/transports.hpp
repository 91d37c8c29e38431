// Transports that belong together, for HostConfig::byte_transports.
#pragma once

#include <memory>
#include <vector>

#include "libp2p/transport/tcp/tcp_transport.hpp"
#include "libp2p/transport/websocket/websocket_transport.hpp"

namespace libp2p {

// TCP and WebSocket. Where both are listened for at one address and port, /ip4/0.0.0.0/tcp/4001 and
// /ip4/0.0.0.0/tcp/4001/ws, they share it. `tcp` counts for both; where it says that ports aren't shared, as
// in a private network, each needs its own.
[[nodiscard]] std::vector<std::unique_ptr<ByteTransport>> tcp_and_websocket(Env env,
                                                                            const TcpConfig& tcp = {},
                                                                            WebsocketConfig websocket = {});

}  // namespace libp2p
