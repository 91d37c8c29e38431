#include "libp2p/transport/quic/udp_address.hpp"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <string>

#include "libp2p/base/bytes.hpp"

namespace libp2p::quic {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t ip6_network_bytes = 7;

template <class Array>
Array to_array(const Bytes& value) {
  Array out{};
  std::copy_n(value.begin(), std::min(value.size(), out.size()), out.begin());
  return out;
}

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
  const std::uint16_t port = *address.port();
  if (const AddrComponent* v4 = address.find(AddrProtocol::ip4)) {
    return Address(ip::address_v4(to_array<ip::address_v4::bytes_type>(v4->value)), port);
  }
  ip::address_v6 v6(to_array<ip::address_v6::bytes_type>(address.find(AddrProtocol::ip6)->value));
  if (const AddrComponent* zone = address.find(AddrProtocol::ip6zone)) {
    const std::string name(as_text(zone->value));
    const unsigned index = ::if_nametoindex(name.c_str());
    if (index == 0) return fail(Errc::invalid_argument, "no interface named " + printable(name));
    v6.scope_id(index);
  }
  return Address(v6, port);
}

Multiaddr quic_multiaddr(const Address& address) {
  std::string text;
  if (address.address().is_v4()) {
    text = "/ip4/" + address.address().to_string();
  } else {
    ip::address_v6 v6 = address.address().to_v6();
    std::array<char, IF_NAMESIZE> name{};
    if (v6.scope_id() != 0 &&
        ::if_indextoname(static_cast<unsigned>(v6.scope_id()), name.data()) != nullptr) {
      text = "/ip6zone/" + std::string(name.data());
    }
    v6.scope_id(0);
    text += "/ip6/" + v6.to_string();
  }
  // What the kernel gave is well formed: only an interface with a name that no multiaddr can hold is left.
  return Multiaddr::parse(text + "/udp/" + std::to_string(address.port()) + "/quic-v1").value_or(Multiaddr{});
}

}  // namespace libp2p::quic
