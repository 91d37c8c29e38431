// The gate (DESIGN section 5): members pass; whoever is not a known member gets one stream, to prove himself
// or to join.
#pragma once

#include <set>

#include "libp2p/swarm/gater.hpp"
#include "starling/charter/charter.hpp"
#include "starling/sync/messages.hpp"

namespace starling {

class Gate final : public libp2p::Gater {
 public:
  // Peers that proved their grant before the charter that holds it has reached us.
  static constexpr std::size_t max_proven = 1024;

  // `charter` must outlive the gate and is asked at every decision, so nothing here can be out of date.
  explicit Gate(const Charter& charter) : charter_(charter) {}

  [[nodiscard]] libp2p::Admission admit(const PeerId& peer, libp2p::Direction /*direction*/) override {
    return is_member(peer) ? libp2p::Admission::full : libp2p::Admission::restricted;
  }
  [[nodiscard]] std::vector<std::string> restricted_protocols() const override {
    return {std::string(join_protocol)};
  }

  [[nodiscard]] bool is_member(const PeerId& peer) const {
    return charter_.member(peer) || proven_.contains(peer);
  }
  void add_proven(const PeerId& peer) {
    if (proven_.size() < max_proven) proven_.insert(peer);
  }

 private:
  const Charter& charter_;
  std::set<PeerId> proven_;
};

}  // namespace starling
