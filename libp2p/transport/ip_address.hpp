// Between the IP part of a multiaddr and Asio's addresses, zones of IPv6 included.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>

#include "libp2p/base/result.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

// Of an address that has an /ip4 or an /ip6. Errors: invalid_argument (no such interface as its zone names).
[[nodiscard]] Result<boost::asio::ip::address> ip_address(const Multiaddr& address);
// "/ip4/192.0.2.1", "/ip6zone/eth0/ip6/fe80::1".
[[nodiscard]] std::string ip_text(const boost::asio::ip::address& address);

}  // namespace libp2p
