// What a name means beside its addresses.
#pragma once

#include <string_view>

#include "libp2p/base/result.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

// `rest` is what stood behind `name` in an address. A secure WebSocket's server is known by the name that was
// dialled, by its certificate and by TLS, so where the name goes it is kept: /tcp/443/wss becomes
// /tcp/443/tls/sni/NAME/ws, and so does /tcp/443/tls/ws. An address that names one itself stays as it is, as
// does any other. Errors: limit.
[[nodiscard]] Result<Multiaddr> keep_server_name(const Multiaddr& rest, std::string_view name);

}  // namespace libp2p
