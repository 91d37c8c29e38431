// WebSocket's multiaddrs (websockets/README.md, Addressing).
#pragma once

#include <string>

#include "libp2p/base/result.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p::websocket {

struct Address {
  Multiaddr tcp;             // what TCP dials, or listens on
  Multiaddr suffix;          // what makes it a WebSocket: /ws, /tls/ws, /tls/sni/NAME/ws; /wss is /tls/ws
  Multiaddr scheme;          // that without a name: what the dialling side's own address has
  bool secure = false;       // TLS below
  std::string server_name;   // of /sni, or empty
  std::string target = "/";  // what is asked of the HTTP server; of /http-path

  // The name that was dialled, or else the IP address: what a certificate has to be good for.
  [[nodiscard]] std::string host() const;
  // The value of the Host field: that, and the port where it isn't the scheme's own.
  [[nodiscard]] std::string authority() const;
};

// [/ip6zone/…] /ip4/… or /ip6/…, /tcp/…, then /ws, /wss, /tls/ws or /tls/sni/…/ws; /tcp/… may be missing for
// 80 or, with TLS, 443. Behind it may come /http-path/… and the peer id. Names are resolved before.
[[nodiscard]] bool is_address(const Multiaddr& address);
// Errors: invalid_argument (another form).
[[nodiscard]] Result<Address> parse_address(const Multiaddr& address);

// `base` with the components of `suffix` behind its own.
[[nodiscard]] Multiaddr join(const Multiaddr& base, const Multiaddr& suffix);

}  // namespace libp2p::websocket
