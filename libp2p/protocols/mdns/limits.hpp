// The two bounds on what a LAN may cost: packets looked at a second, and peers remembered.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/multi/multiaddr.hpp"
#include "libp2p/protocols/mdns/lan.hpp"

namespace libp2p::mdns {

// Admits `per_source` packets a second of one source and `in_all` of all together, in bursts of at most a
// second's worth. Our own machine's addresses are bounded by the second number only, since many nodes can
// share them.
class PacketBudget {
 public:
  static constexpr std::size_t max_sources = 256;

  PacketBudget(unsigned per_source, unsigned in_all) noexcept : per_source_(per_source), in_all_(in_all) {}

  [[nodiscard]] bool admit(const IpAddress& source, bool own_machine, Instant now);
  [[nodiscard]] std::size_t sources() const noexcept { return sources_.size(); }
  // Forgets sources that have their whole budget again.
  void expire(Instant now);

 private:
  // When the budget would be whole again if nothing more came; one packet moves it on by its share of a
  // second.
  struct Meter {
    Instant whole_at{};
    bool admit(unsigned per_second, Instant now);
  };
  unsigned per_source_;
  unsigned in_all_;
  Meter all_;
  std::map<IpAddress, Meter> sources_;
};

// The peers heard of most recently.
class PeerTable {
 public:
  PeerTable(std::size_t capacity, Duration repeat_after) : capacity_(capacity), repeat_after_(repeat_after) {}

  // True when this is news: a peer not in the table, other addresses, or at least `repeat_after` since the
  // last news of it.
  [[nodiscard]] bool heard(const PeerId& peer, const std::vector<Multiaddr>& addresses, Instant now);
  // Forgets those not heard of since `before`.
  void expire(Instant before);
  [[nodiscard]] std::size_t size() const noexcept { return by_peer_.size(); }

 private:
  struct Entry {
    std::vector<Multiaddr> addresses;
    Instant heard;
    Instant told;
    std::list<PeerId>::iterator place;
  };
  std::size_t capacity_;
  Duration repeat_after_;
  std::map<PeerId, Entry> by_peer_;
  std::list<PeerId> by_age_;  // the one heard of longest ago first
};

}  // namespace libp2p::mdns
