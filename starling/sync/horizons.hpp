// Behind which checkpoints peers have forgotten records, as they say (rule L8).
#pragma once

#include <map>
#include <span>

#include "starling/fleet/fleet.hpp"

namespace starling {

// Pure. What a checkpoint covers and nobody brings any more has to be believed of somebody: most of those one
// is connected with, and two at least where the fleet has as many.
class Horizons {
 public:
  // Zero: it has forgotten nothing.
  void heard(const PeerId& peer, const RecordId& horizon);
  void gone(const PeerId& peer) { named_.erase(peer); }
  // Has anybody forgotten anything?
  [[nodiscard]] bool any() const;

  // The oldest of `unseen` that counts as gone: `enough` peers have forgotten what lies behind it, or behind
  // one that follows it, and they are more than half of the `members` that are connected, and of those that
  // were heard. nullptr: there is none.
  [[nodiscard]] RecordPtr believed(std::span<const UnseenCheckpoint> unseen, std::size_t members,
                                   std::size_t enough) const;

 private:
  std::map<PeerId, RecordId> named_;  // of connected peers
};

}  // namespace starling
