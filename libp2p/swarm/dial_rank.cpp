#include "libp2p/swarm/dial_rank.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace libp2p {
namespace {

std::size_t distance(const Multiaddr& address) {
  if (address.has(AddrProtocol::memory)) return 0;
  if (address.is_loopback()) return 3;
  return address.is_private() ? 1 : 2;
}

}  // namespace

std::vector<Multiaddr> rank_candidates(const std::vector<Multiaddr>& addresses) {
  std::array<std::vector<Multiaddr>, 4> by_distance;
  for (const Multiaddr& address : addresses) {
    Multiaddr plain = address.without_peer();
    if (plain.empty()) continue;
    std::vector<Multiaddr>& group = by_distance[distance(plain)];
    if (std::ranges::find(group, plain) == group.end()) group.push_back(std::move(plain));
  }
  std::vector<Multiaddr> ranked;
  for (std::vector<Multiaddr>& group : by_distance) std::ranges::move(group, std::back_inserter(ranked));
  if (ranked.size() > max_dial_candidates) ranked.resize(max_dial_candidates);
  return ranked;
}

}  // namespace libp2p
