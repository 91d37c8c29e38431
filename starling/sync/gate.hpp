// The gate (DESIGN section 5): members pass; whoever is not a known member gets one stream, to prove himself
// or to join.
#pragma once

#include <map>

#include "libp2p/swarm/gater.hpp"
#include "starling/changelog/changelog.hpp"
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
  void add_proven(const PeerId& peer, const RecordId& grant) {
    if (proven_.size() < max_proven) proven_.insert_or_assign(peer, grant);
  }
  // A proof is a part of the charter, chosen by whom it serves: where its grant has come the whole decides.
  // Call it when the charter has changed.
  void forget_proofs_known_to(const Changelog& log) {
    std::erase_if(proven_, [&log](const auto& proven) { return log.holds(proven.second); });
  }

 private:
  const Charter& charter_;
  std::map<PeerId, RecordId> proven_;
};

}  // namespace starling
