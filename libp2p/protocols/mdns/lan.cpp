#include "libp2p/protocols/mdns/lan.hpp"

#include <algorithm>
#include <array>

#include "libp2p/multi/address_policy.hpp"

namespace libp2p::mdns {
namespace {

template <class Bytes>
bool same_bits(const Bytes& a, const Bytes& b, unsigned bits) {
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
    const unsigned here = std::min(bits, 8U);
    if (((a[i] ^ b[i]) >> (8 - here)) != 0) return false;
    bits -= here;
  }
  return true;
}

bool is_link_local(const IpAddress& address) {
  if (address.is_v6()) return address.to_v6().is_link_local();
  const auto bytes = address.to_v4().to_bytes();
  return bytes[0] == 169 && bytes[1] == 254;
}

bool is_memory(const Multiaddr& address) {
  return !address.empty() && address.components().front().protocol == AddrProtocol::memory;
}

bool is_relayed(const Multiaddr& address) { return address.has(AddrProtocol::p2p_circuit); }

bool has_port(const Multiaddr& address) { return address.port().value_or(0) != 0; }

// IPv6 link-local addresses mean nothing without the interface, which an address of the wire does not carry.
bool lacks_its_zone(const IpAddress& address) { return address.is_v6() && address.to_v6().is_link_local(); }

}  // namespace

bool Prefix::contains(const IpAddress& other) const {
  if (address.is_v4() != other.is_v4()) return false;
  if (address.is_v4()) return same_bits(address.to_v4().to_bytes(), other.to_v4().to_bytes(), length);
  return same_bits(address.to_v6().to_bytes(), other.to_v6().to_bytes(), length);
}

bool Interface::owns(const IpAddress& address) const {
  return std::ranges::any_of(prefixes,
                             [&](const Prefix& prefix) { return prefix.address == without_scope(address); });
}

bool Interface::is_on_link(const IpAddress& address) const {
  if (address.is_unspecified() || address.is_multicast()) return false;
  return is_link_local(address) ||
         std::ranges::any_of(prefixes, [&](const Prefix& prefix) { return prefix.contains(address); });
}

bool Interface::has_ipv4() const {
  return std::ranges::any_of(prefixes, [](const Prefix& prefix) { return prefix.address.is_v4(); });
}

bool Interface::has_ipv6() const {
  return std::ranges::any_of(prefixes, [](const Prefix& prefix) { return prefix.address.is_v6(); });
}

IpAddress without_scope(const IpAddress& address) {
  if (address.is_v4()) return address;
  return boost::asio::ip::address_v6(address.to_v6().to_bytes());
}

std::optional<IpAddress> ip_of(const Multiaddr& address) {
  if (address.empty()) return std::nullopt;
  const AddrComponent& first = address.components().front();
  if (first.protocol == AddrProtocol::ip4 && first.value.size() == 4) {
    std::array<unsigned char, 4> bytes{};
    std::ranges::copy(first.value, bytes.begin());
    return boost::asio::ip::address_v4(bytes);
  }
  if (first.protocol == AddrProtocol::ip6 && first.value.size() == 16) {
    std::array<unsigned char, 16> bytes{};
    std::ranges::copy(first.value, bytes.begin());
    return boost::asio::ip::address_v6(bytes);
  }
  return std::nullopt;
}

bool may_announce(const Multiaddr& address, bool simulated) {
  if (is_relayed(address)) return false;
  if (is_memory(address)) return simulated;
  const auto ip = ip_of(address);
  return ip && has_port(address) && !ip->is_unspecified() && !ip->is_loopback() && !ip->is_multicast() &&
         !lacks_its_zone(*ip);
}

bool may_believe(const Multiaddr& address, const std::vector<Interface>& interfaces, bool from_this_machine,
                 bool simulated) {
  const auto ip = ip_of(address);
  if (ip && ip->is_loopback() && from_this_machine) {
    return is_dialable_from_remote(address, {.loopback = true}) && has_port(address) && !is_relayed(address);
  }
  if (!may_announce(address, simulated) || !is_dialable_from_remote(address, {.link_local = true}))
    return false;
  if (!ip || address.is_private()) return true;
  return std::ranges::any_of(interfaces,
                             [&](const Interface& interface) { return interface.is_on_link(*ip); });
}

}  // namespace libp2p::mdns
