#include "starling/fleet/discards.hpp"

namespace starling {

bool Discards::reaches(Hlc discard, Hlc change) {
  constexpr std::uint64_t tolerance =
      static_cast<std::uint64_t>(std::chrono::milliseconds(clock_tolerance).count()) << 16;
  return change > discard && change.value - discard.value > tolerance;
}

void Discards::add(const RecordId& by, Hlc clock, const std::vector<RecordId>& targets) {
  if (!by_.emplace(by, targets).second) return;
  for (const RecordId& target : targets) of_[target].emplace(clock, by);
}

std::vector<RecordId> Discards::remove(const RecordId& by) {
  auto taken = by_.extract(by);
  if (taken.empty()) return {};
  for (const RecordId& target : taken.mapped()) {
    const auto found = of_.find(target);
    std::erase_if(found->second, [&](const auto& entry) { return entry.second == by; });
    if (found->second.empty()) of_.erase(found);
  }
  return std::move(taken.mapped());
}

std::optional<RecordId> Discards::reason(const RecordId& change, Hlc clock) const {
  const auto found = of_.find(change);
  if (found == of_.end()) return std::nullopt;
  const auto& [first, by] = *found->second.begin();
  return reaches(first, clock) ? std::optional(by) : std::nullopt;
}

}  // namespace starling
