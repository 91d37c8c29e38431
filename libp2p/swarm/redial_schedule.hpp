// When to dial the peers that are to stay connected. Pure.
#pragma once

#include <map>
#include <optional>

#include "libp2p/base/clock.hpp"
#include "libp2p/identity/peer_id.hpp"

namespace libp2p {

// The delay after a failure starts at `first`, doubles, and caps at `cap`; it starts over when the peer was
// connected or seen. `jitter` is in [0, 1) and takes up to a quarter of a delay away, so that two peers don't
// dial in step for ever.
class RedialSchedule {
 public:
  RedialSchedule(Duration first, Duration cap) : first_(first), cap_(cap) {}

  // Due at once, unless it is kept already. `connected`: nothing to do now.
  void keep(const PeerId& peer, bool connected, Instant now);
  void release(const PeerId& peer) { peers_.erase(peer); }
  [[nodiscard]] bool keeps(const PeerId& peer) const { return peers_.contains(peer); }

  void connected(const PeerId& peer);
  void disconnected(const PeerId& peer, Instant now, double jitter);
  void failed(const PeerId& peer, Instant now, double jitter);
  // Discovery saw it: due at `when`, if it isn't connected.
  void seen(const PeerId& peer, Instant when);

  // The peer to dial now that has been due for longest; it is then being dialled until connected() or
  // failed().
  [[nodiscard]] std::optional<PeerId> take_one_due(Instant now);
  [[nodiscard]] std::optional<Instant> next_due() const;

 private:
  struct Entry {
    enum class State { waiting, dialling, connected } state = State::waiting;
    Instant due;
    Duration delay{};
    bool seen_meanwhile = false;
  };
  void wait_longer(Entry& entry, Instant now, double jitter) const;

  Duration first_;
  Duration cap_;
  std::map<PeerId, Entry> peers_;
};

}  // namespace libp2p
