// Who may connect: the seam through which an application admits and refuses peers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libp2p/identity/peer_id.hpp"
#include "libp2p/multi/multiaddr.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p {

enum class Admission : std::uint8_t {
  full,        // any protocol
  restricted,  // only restricted_protocols(), for a bounded time, bytes and number of connections, until
               // promoted
  refused,     // closed before any muxer byte of ours
};

class Gater {
 public:
  virtual ~Gater() = default;
  [[nodiscard]] virtual bool may_dial(const PeerId& /*peer*/, const Multiaddr& /*address*/) { return true; }
  // Before the handshake.
  [[nodiscard]] virtual bool may_accept(const Multiaddr& /*remote*/) { return true; }
  // After the handshake has proved who it is.
  [[nodiscard]] virtual Admission admit(const PeerId& /*peer*/, Direction /*direction*/) {
    return Admission::full;
  }
  // The only protocols that may be opened, by either side, on a restricted connection.
  [[nodiscard]] virtual std::vector<std::string> restricted_protocols() const { return {}; }
};

}  // namespace libp2p
