// The live connections, by number and by peer, and which of a peer's is used.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "libp2p/swarm/connection.hpp"

namespace libp2p::swarm {

// A connection among those of one peer.
struct Contender {
  Direction direction{};
  Instant opened;
};

// Which of a peer's connections is used; `contenders` are in the order of their opening and not empty. When
// both sides dialled within `simultaneous` of each other, both must come to the same answer: the one dialled
// by the smaller peer id. Otherwise the newest: its peer has just shown to be there, while an older one may
// be dead without our knowing.
[[nodiscard]] std::size_t choose_connection(std::span<const Contender> contenders, bool local_is_smaller,
                                            Duration simultaneous);

class ConnectionTable {
 public:
  explicit ConnectionTable(PeerId local) : local_(std::move(local)) {}

  void add(const ConnectionPtr& connection);
  void remove(ConnectionId id);

  [[nodiscard]] ConnectionPtr find(ConnectionId id) const;
  // All, in order of their numbers.
  [[nodiscard]] std::vector<ConnectionPtr> all() const;
  [[nodiscard]] std::vector<ConnectionPtr> of(const PeerId& peer) const;
  // The unrestricted one that is used for new streams, or null.
  [[nodiscard]] ConnectionPtr in_use(const PeerId& peer) const;
  // Some live connection, be it restricted.
  [[nodiscard]] bool reaches(const PeerId& peer) const;
  [[nodiscard]] std::vector<PeerId> connected_peers() const;

  // Decides anew which of the peer's connections is used; returns those that are no longer.
  [[nodiscard]] std::vector<ConnectionPtr> settle(const PeerId& peer, Duration simultaneous);

  [[nodiscard]] std::size_t size() const noexcept { return by_id_.size(); }
  [[nodiscard]] std::size_t restricted_count() const;

 private:
  PeerId local_;
  std::map<ConnectionId, ConnectionPtr> by_id_;
  std::map<PeerId, std::vector<ConnectionPtr>> by_peer_;  // in order of opening; no empty entries
};

}  // namespace libp2p::swarm
