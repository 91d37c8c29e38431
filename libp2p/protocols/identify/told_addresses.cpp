#include "libp2p/protocols/identify/told_addresses.hpp"

#include <algorithm>

#include "libp2p/multi/address_policy.hpp"

namespace libp2p::identify {

Reach reach_of(const Multiaddr& address) {
  if (address.empty() || address.has(AddrProtocol::p2p_circuit)) return Reach::world;
  if (address.components().front().protocol == AddrProtocol::memory || address.is_loopback())
    return Reach::machine;
  if (address.is_link_local() || address.has(AddrProtocol::ip6zone)) return Reach::link;
  return address.is_private() ? Reach::site : Reach::world;
}

std::vector<Multiaddr> addresses_to_keep(const std::vector<Multiaddr>& told, const PeerId& teller,
                                         const Multiaddr& remote) {
  const Reach distance = reach_of(remote);
  const RemoteAddressPolicy policy{.private_ranges = distance <= Reach::site,
                                   .loopback = distance == Reach::machine,
                                   .link_local = distance <= Reach::link};
  std::vector<Multiaddr> kept;
  for (const Multiaddr& address : told) {
    const auto named = address.peer_id_bytes();
    if (named && *named != teller.bytes()) continue;
    Multiaddr bare = address.without_peer();
    if (!is_dialable_from_remote(bare, policy) || bare.port().value_or(1) == 0) continue;
    if (bare.has(AddrProtocol::memory) && distance != Reach::machine) continue;
    if (std::ranges::find(kept, bare) == kept.end()) kept.push_back(std::move(bare));
  }
  return kept;
}

}  // namespace libp2p::identify
