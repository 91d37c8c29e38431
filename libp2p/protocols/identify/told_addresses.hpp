// Which of the addresses that a peer tells of itself are worth keeping, seen from where it is connected.
#pragma once

#include <cstdint>
#include <vector>

#include "libp2p/identity/peer_id.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p::identify {

// How far the IP address reaches that an address begins with; an address in memory, which only exists in
// simulation, reaches no further than this machine. Everything else, and whatever goes through a relay,
// reaches the world.
enum class Reach : std::uint8_t { machine, link, site, world };
[[nodiscard]] Reach reach_of(const Multiaddr& address);

// Addresses without their /p2p, in order, each once. An address that reaches less far than the connection to
// its teller
// (`remote`) means somebody else here than there: our own loopback, a host of our LAN, the metadata service
// of a cloud (ID13). Left out are also those that name another peer, and what is_dialable_from_remote closes.
[[nodiscard]] std::vector<Multiaddr> addresses_to_keep(const std::vector<Multiaddr>& told,
                                                       const PeerId& teller, const Multiaddr& remote);

}  // namespace libp2p::identify
