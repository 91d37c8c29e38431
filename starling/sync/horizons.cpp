#include "starling/sync/horizons.hpp"

#include <algorithm>

namespace starling {
namespace {

// Is `later` the checkpoint `earlier`, or one that follows it? No chain is longer than the list.
bool is_behind(RecordId later, const RecordId& earlier, std::span<const UnseenCheckpoint> unseen) {
  for (std::size_t steps = 0; steps <= unseen.size() && later != earlier; ++steps) {
    const auto found =
        std::ranges::find(unseen, later, [](const UnseenCheckpoint& one) { return one.record->id; });
    if (found == unseen.end()) return false;
    later = found->follows;
  }
  return later == earlier;
}

}  // namespace

void Horizons::heard(const PeerId& peer, const RecordId& horizon) { named_.insert_or_assign(peer, horizon); }

bool Horizons::any() const {
  return std::ranges::any_of(named_, [](const auto& entry) { return !entry.second.is_zero(); });
}

RecordPtr Horizons::believed(std::span<const UnseenCheckpoint> unseen, std::size_t members,
                             std::size_t enough) const {
  const std::size_t all = std::max(members, named_.size());
  for (const UnseenCheckpoint& candidate : unseen) {
    const auto witnesses = static_cast<std::size_t>(std::ranges::count_if(named_, [&](const auto& entry) {
      return !entry.second.is_zero() && is_behind(entry.second, candidate.record->id, unseen);
    }));
    if (witnesses >= enough && 2 * witnesses > all) return candidate.record;
  }
  return nullptr;
}

}  // namespace starling
