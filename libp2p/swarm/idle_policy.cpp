#include "libp2p/swarm/idle_policy.hpp"

namespace libp2p::swarm {

bool is_idle(const IdleView& connection, const SwarmConfig& config) {
  if (connection.streams > 0 || connection.restricted) return false;
  if (connection.superseded) return connection.unused >= config.superseded_linger;
  return !connection.protected_peer && connection.unused >= config.idle_timeout;
}

std::optional<std::size_t> choose_victim(std::span<const IdleView> connections, bool newcomer_protected) {
  std::optional<std::size_t> victim;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    const IdleView& one = connections[i];
    if (one.protected_peer && !one.superseded) continue;
    if (one.streams > 0 && !newcomer_protected) continue;
    const auto worse = [&](const IdleView& other) {
      if ((one.streams == 0) != (other.streams == 0)) return one.streams == 0;
      if (one.weight != other.weight) return one.weight < other.weight;
      return one.unused != other.unused ? one.unused > other.unused : one.age < other.age;
    };
    if (!victim || worse(connections[*victim])) victim = i;
  }
  return victim;
}

}  // namespace libp2p::swarm
