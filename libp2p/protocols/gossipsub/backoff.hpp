// Who must not be grafted again yet (gossipsub-v1.1.md, PRUNE Backoff and Peer Exchange).
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "libp2p/base/clock.hpp"
#include "libp2p/identity/peer_id.hpp"

namespace libp2p::gossipsub {

// Outlives disconnections, so that reconnecting is no way round it. At most `capacity` entries: of more,
// those that end first go.
class Backoff {
 public:
  // `slack` is how much longer than agreed we wait ourselves: the other side clears its own at a heartbeat.
  Backoff(std::size_t capacity, Duration slack) : capacity_(capacity), slack_(slack) {}

  // Lasts `duration` from now, or longer where a longer one is standing.
  void add(const std::string& topic, const PeerId& peer, Duration duration, Instant now);
  // The peer may not graft us.
  [[nodiscard]] bool active(const std::string& topic, const PeerId& peer, Instant now) const;
  // We may graft the peer.
  [[nodiscard]] bool may_graft(const std::string& topic, const PeerId& peer, Instant now) const;
  // Of the PRUNEs that answer GRAFTs inside the back-off, one each `interval` is let through: a flood gets no
  // echo.
  [[nodiscard]] bool may_answer(const std::string& topic, const PeerId& peer, Duration interval, Instant now);
  void expire(Instant now);
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  using Key = std::pair<std::string, PeerId>;
  struct Entry {
    Instant until;
    Instant answered;
    bool was_answered = false;
  };

  std::size_t capacity_;
  Duration slack_;
  std::map<Key, Entry> entries_;
  std::set<std::pair<Instant, Key>> by_end_;
};

}  // namespace libp2p::gossipsub
