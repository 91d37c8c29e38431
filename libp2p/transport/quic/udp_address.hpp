// Between multiaddrs and the endpoints of Asio.
#pragma once

#include <boost/asio/ip/udp.hpp>

#include "libp2p/base/result.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p::quic {

using Address = boost::asio::ip::udp::endpoint;

// Between which two addresses datagrams go. A listener on an unspecified address serves many of them.
struct Path {
  Address local;
  Address remote;
  friend bool operator==(const Path&, const Path&) = default;
};

// What is taken for one host: an address of IPv4, or a /56 of IPv6.
[[nodiscard]] Bytes network_of(const Address& address);

// [/ip6zone/NAME] /ip4/… or /ip6/…, /udp/…, /quic-v1, and nothing after it but the peer id.
[[nodiscard]] bool is_quic_address(const Multiaddr& address) noexcept;
// Errors: invalid_argument (another form; an interface that this machine doesn't have).
[[nodiscard]] Result<Address> udp_address(const Multiaddr& address);
[[nodiscard]] Multiaddr quic_multiaddr(const Address& address);

}  // namespace libp2p::quic
