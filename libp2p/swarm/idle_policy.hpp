// Which connections are closed because nobody needs them, and which go when there is no room. Pure.
#pragma once

#include <optional>
#include <span>

#include "libp2p/swarm/swarm_config.hpp"

namespace libp2p::swarm {

// What the policy looks at, of one connection.
struct IdleView {
  std::size_t streams = 0;
  Duration unused{};  // since a stream was last seen on it
  Duration age{};
  int weight = 0;  // what its peer is worth to those who tagged it
  bool protected_peer = false;
  bool superseded = false;
  bool restricted = false;
};

// Restricted connections have a deadline of their own. One that is superseded goes soon, though its peer be
// protected: the peer stays connected over the other.
[[nodiscard]] bool is_idle(const IdleView& connection, const SwarmConfig& config);

// Which of the connections gives way to a new one, among those without streams that nobody protects or, for a
// newcomer that somebody protects, among all that nobody protects: first those without streams, then the
// least worth, then the one that was unused for longest, then the youngest.
[[nodiscard]] std::optional<std::size_t> choose_victim(std::span<const IdleView> connections,
                                                       bool newcomer_protected);

}  // namespace libp2p::swarm
