#include "libp2p/transport/quic/udp_address.hpp"

#include <string>

#include "libp2p/base/bytes.hpp"
#include "libp2p/transport/ip_address.hpp"

namespace libp2p::quic {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t ip6_network_bytes = 7;

}  // namespace

Bytes network_of(const Address& address) {
  if (address.address().is_v4()) return to_bytes(address.address().to_v4().to_bytes());
  return to_bytes(BytesView(address.address().to_v6().to_bytes()).first(ip6_network_bytes));
}

bool is_quic_address(const Multiaddr& address) noexcept {
  std::span<const AddrComponent> parts(address.components());
  if (!parts.empty() && parts.back().protocol == AddrProtocol::p2p) parts = parts.first(parts.size() - 1);
  const bool zoned = !parts.empty() && parts.front().protocol == AddrProtocol::ip6zone;
  if (zoned) parts = parts.subspan(1);
  if (parts.size() != 3) return false;
  const bool is_ip =
      parts[0].protocol == AddrProtocol::ip6 || (parts[0].protocol == AddrProtocol::ip4 && !zoned);
  return is_ip && parts[1].protocol == AddrProtocol::udp && parts[2].protocol == AddrProtocol::quic_v1;
}

Result<Address> udp_address(const Multiaddr& address) {
  if (!is_quic_address(address)) {
    return fail(Errc::invalid_argument, "not a QUIC address: " + address.to_string());
  }
  LIBP2P_TRY(const ip::address host, ip_address(address));
  return Address(host, *address.port());
}

Multiaddr quic_multiaddr(const Address& address) {
  // What the kernel gave is well formed: only an interface with a name that no multiaddr can hold is left.
  return Multiaddr::parse(ip_text(address.address()) + "/udp/" + std::to_string(address.port()) + "/quic-v1")
      .value_or(Multiaddr{});
}

}  // namespace libp2p::quic
