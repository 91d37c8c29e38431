#include "libp2p/swarm/transport_kind.hpp"

namespace libp2p {

std::string_view to_string(TransportKind kind) noexcept {
  switch (kind) {
    case TransportKind::memory:
      return "memory";
    case TransportKind::quic:
      return "quic";
    case TransportKind::tcp:
      return "tcp";
    case TransportKind::websocket:
      return "websocket";
    case TransportKind::secure_websocket:
      return "secure_websocket";
    case TransportKind::webtransport:
      return "webtransport";
    case TransportKind::webrtc:
      return "webrtc";
    case TransportKind::other:
      return "other";
    case TransportKind::circuit:
      return "circuit";
  }
  return "other";
}

TransportKind transport_kind(const Multiaddr& address) noexcept {
  const auto has = [&address](AddrProtocol protocol) { return address.has(protocol); };
  if (has(AddrProtocol::p2p_circuit)) return TransportKind::circuit;
  if (has(AddrProtocol::memory)) return TransportKind::memory;
  if (has(AddrProtocol::webtransport)) return TransportKind::webtransport;
  if (has(AddrProtocol::webrtc_direct) || has(AddrProtocol::webrtc)) return TransportKind::webrtc;
  if (has(AddrProtocol::quic_v1)) return TransportKind::quic;
  if (!has(AddrProtocol::tcp)) return TransportKind::other;
  if (has(AddrProtocol::wss)) return TransportKind::secure_websocket;
  if (has(AddrProtocol::ws)) {
    return has(AddrProtocol::tls) ? TransportKind::secure_websocket : TransportKind::websocket;
  }
  return has(AddrProtocol::http) || has(AddrProtocol::https) ? TransportKind::other : TransportKind::tcp;
}

}  // namespace libp2p
