#include "libp2p/transport/dns/server_name.hpp"

#include <cstddef>

namespace libp2p {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

// Where the components begin that make it a secure WebSocket without a name. What is behind a peer id is of
// whoever is reached through that peer.
std::size_t find_secure_websocket(const Multiaddr& address) noexcept {
  const auto& parts = address.components();
  for (std::size_t i = 0; i < parts.size() && parts[i].protocol != AddrProtocol::p2p; ++i) {
    if (parts[i].protocol == AddrProtocol::wss) return i;
    const bool then_ws = i + 1 < parts.size() && parts[i + 1].protocol == AddrProtocol::ws;
    if (parts[i].protocol == AddrProtocol::tls && then_ws) return i;
  }
  return none;
}

}  // namespace

Result<Multiaddr> keep_server_name(const Multiaddr& rest, std::string_view name) {
  const std::size_t at = find_secure_websocket(rest);
  if (at == none) return rest;
  const auto& parts = rest.components();
  const std::size_t replaced = parts[at].protocol == AddrProtocol::wss ? 1 : 2;
  Multiaddr named;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == at) {
      LIBP2P_TRY(named, named.with(AddrProtocol::tls));
      LIBP2P_TRY(named, named.with(AddrProtocol::sni, name));
      LIBP2P_TRY(named, named.with(AddrProtocol::ws));
    }
    if (i >= at && i < at + replaced) continue;
    LIBP2P_TRY(named, named.with(parts[i].protocol, parts[i].value_text()));
  }
  return named;
}

}  // namespace libp2p
