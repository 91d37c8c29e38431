// The address by which a node's configuration can name it: {{node.addr}}.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/multi/multiaddr.hpp"

namespace starling {

using libp2p::Multiaddr;
using libp2p::Result;

// An IP address as it stands before a port in a configuration: IPv6 in brackets. Errors: invalid_argument.
[[nodiscard]] Result<std::string> address_text(std::string_view ip);

// Of what a node advertises, the one that others reach it by: no loopback and no link-local address; IPv4
// first, the lowest of several, so that it is the same one at the next start.
[[nodiscard]] std::optional<std::string> own_address(const std::vector<Multiaddr>& advertised);

}  // namespace starling
