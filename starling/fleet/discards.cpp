#include "starling/fleet/discards.hpp"

#include <algorithm>

namespace starling {

bool Discards::reaches(Hlc discard, Hlc change) {
  constexpr std::uint64_t tolerance =
      static_cast<std::uint64_t>(std::chrono::milliseconds(clock_tolerance).count()) << 16;
  return change > discard && change.value - discard.value > tolerance;
}

void Discards::add(const Source& source, const std::vector<RecordId>& targets) {
  if (!by_.emplace(source.by, targets).second) return;
  for (const RecordId& target : targets) of_[target].insert(source);
}

std::vector<RecordId> Discards::remove(const RecordId& by) {
  auto taken = by_.extract(by);
  if (taken.empty()) return {};
  for (const RecordId& target : taken.mapped()) {
    const auto found = of_.find(target);
    std::erase_if(found->second, [&](const Source& source) { return source.by == by; });
    if (found->second.empty()) of_.erase(found);
  }
  return std::move(taken.mapped());
}

std::optional<RecordId> Discards::reason(const SignedRecord& change,
                                         const std::function<bool()>& built_upon) const {
  const auto found = of_.find(change.id);
  if (found == of_.end()) return std::nullopt;
  std::optional<bool> safe;
  for (const Source& source : found->second) {
    if (!reaches(source.clock, change.record.hlc)) return std::nullopt;  // nor do those after it
    if (source.senior || source.author == change.record.author) return source.by;
    if (!safe) safe = built_upon();
    if (!*safe) return source.by;
  }
  return std::nullopt;
}

bool acts_at_least(const Record& record, Role role, const Charter& charter) {
  if (record.grant == charter.fleet())
    return std::ranges::binary_search(charter.genesis().roots, record.author);
  const auto grant = charter.grant(record.grant);
  return grant && grant->subject == record.author && at_least(grant->role, role);
}

bool built_upon(const SignedRecord& change, const std::vector<RecordPtr>& newest, const Changelog& log,
                const Charter& charter) {
  return std::ranges::any_of(newest, [&](const RecordPtr& record) {
    return record->record.author != change.record.author && record->record.hlc > change.record.hlc &&
           acts_at_least(record->record, Role::operator_, charter) &&
           log.happened_before(change.id, record->id);
  });
}

Discards::Source discard_by(const SignedRecord& record, const Charter& charter) {
  return {record.record.hlc, record.id, record.record.author,
          acts_at_least(record.record, Role::admin, charter)};
}

}  // namespace starling
