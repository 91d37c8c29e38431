// Between multiaddrs and the endpoints of Asio.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "libp2p/base/result.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

// [/ip6zone/NAME] /ip4/… or /ip6/…, /tcp/…, and nothing after it but the peer id.
[[nodiscard]] bool is_tcp_address(const Multiaddr& address) noexcept;
// Errors: invalid_argument (another form; an interface that this machine doesn't have).
[[nodiscard]] Result<boost::asio::ip::tcp::endpoint> tcp_endpoint(const Multiaddr& address);
[[nodiscard]] Multiaddr tcp_multiaddr(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace libp2p
