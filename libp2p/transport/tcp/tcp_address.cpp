#include "libp2p/transport/tcp/tcp_address.hpp"

#include <string>

#include "libp2p/transport/ip_address.hpp"

namespace libp2p {
namespace {

namespace ip = boost::asio::ip;

std::span<const AddrComponent> host_and_port(const Multiaddr& address) noexcept {
  std::span<const AddrComponent> parts(address.components());
  if (!parts.empty() && parts.back().protocol == AddrProtocol::p2p) parts = parts.first(parts.size() - 1);
  return parts;
}

}  // namespace

bool is_tcp_address(const Multiaddr& address) noexcept {
  const auto parts = host_and_port(address);
  if (parts.size() == 2) {
    const bool is_ip = parts[0].protocol == AddrProtocol::ip4 || parts[0].protocol == AddrProtocol::ip6;
    return is_ip && parts[1].protocol == AddrProtocol::tcp;
  }
  return parts.size() == 3 && parts[0].protocol == AddrProtocol::ip6zone &&
         parts[1].protocol == AddrProtocol::ip6 && parts[2].protocol == AddrProtocol::tcp;
}

Result<ip::tcp::endpoint> tcp_endpoint(const Multiaddr& address) {
  if (!is_tcp_address(address)) {
    return fail(Errc::invalid_argument, "not a TCP address: " + address.to_string());
  }
  LIBP2P_TRY(const ip::address host, ip_address(address));
  return ip::tcp::endpoint(host, *address.port());
}

Multiaddr tcp_multiaddr(const ip::tcp::endpoint& endpoint) {
  // What the kernel gave is well formed: only an interface with a name that no multiaddr can hold is left.
  return Multiaddr::parse(ip_text(endpoint.address()) + "/tcp/" + std::to_string(endpoint.port()))
      .value_or(Multiaddr{});
}

}  // namespace libp2p
