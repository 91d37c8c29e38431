// What mDNS knows of the machine's networks: interfaces, their prefixes, and which addresses belong on a LAN.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "libp2p/base/bytes.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p::mdns {

using IpAddress = boost::asio::ip::address;

// An address of an interface and the network it stands in. IPv6 addresses are without their scope.
struct Prefix {
  IpAddress address;
  unsigned length{};  // bits, at most 32 or 128

  [[nodiscard]] bool contains(const IpAddress& other) const;
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

// A network interface that is up and can multicast.
struct Interface {
  unsigned index{};  // as the kernel counts them
  std::string name;
  std::vector<Prefix> prefixes;

  [[nodiscard]] bool owns(const IpAddress& address) const;
  // Whether a datagram from `address` can have come over this link without a router: MD06.
  [[nodiscard]] bool is_on_link(const IpAddress& address) const;
  [[nodiscard]] bool has_ipv4() const;
  [[nodiscard]] bool has_ipv6() const;
  friend bool operator==(const Interface&, const Interface&) = default;
};

// The address without its scope, so that addresses of one host compare equal whichever way they came.
[[nodiscard]] IpAddress without_scope(const IpAddress& address);

// The IP address that `address` begins with, if it begins with one.
[[nodiscard]] std::optional<IpAddress> ip_of(const Multiaddr& address);

// Which addresses may be told to a LAN, and believed of it: those that begin with an IP address (no names, no
// circuits) that others can reach, with a port. `simulated` also lets /memory addresses pass.
[[nodiscard]] bool may_announce(const Multiaddr& address, bool simulated);
// As may_announce, and of this LAN: private, link-local or inside a prefix of an interface of ours; so that
// nobody on the LAN makes us dial hosts elsewhere. Loopback only when the teller is this very machine.
[[nodiscard]] bool may_believe(const Multiaddr& address, const std::vector<Interface>& interfaces,
                               bool from_this_machine, bool simulated);

}  // namespace libp2p::mdns
