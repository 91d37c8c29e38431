#include "starling/sync/fleet_alarms.hpp"

#include <charconv>

#include "starling/fleet/fork_report.hpp"

namespace starling {
namespace {

constexpr std::string_view difference_prefix = "differs/";

void add_held(const Fleet& fleet, Instant now, AlarmsSince& alarms) {
  std::size_t left = max_held_alarms;
  for (const auto& [clock, id] : fleet.held()) {
    if (left-- == 0) return;
    alarms.emplace(Alarm{Alarm::Kind::held, fleet.log().get(id)->record.author, to_cid(id)}, now);
  }
}

void add_clocks(const ClockOffsets& clocks, Instant now, AlarmsSince& alarms) {
  for (const auto& [node, offset] : clocks) {
    if (std::chrono::abs(offset) <= clock_tolerance) continue;
    const std::string_view where = offset.count() < 0 ? clock_ahead : clock_behind;
    alarms.emplace(Alarm{Alarm::Kind::clock, node, std::string(where)}, now);
  }
}

void add_forks(const Fleet& fleet, Instant now, AlarmsSince& alarms) {
  for (const ForkReport& report : fork_reports(fleet)) {
    if (report.quarantined > 0)
      alarms.emplace(Alarm{Alarm::Kind::fork, report.chain.author, to_text(report.chain)}, now);
  }
}

// Until a checkpoint that is right has settled what the anchor covers.
bool still_counts(const Fleet& fleet, const SignedRecord& anchor) {
  return fleet.log().stands(anchor) && !fleet.log().is_settled(anchor.record) &&
         fleet.charter().judge(anchor.record) == Charter::Verdict::valid;
}

void add_differences(const Fleet& fleet, libp2p::WallTime wall, Instant now, AlarmsSince& alarms) {
  const Facts& facts = fleet.facts();
  for (auto fact = facts.lower_bound(difference_prefix);
       fact != facts.end() && fact->first.starts_with(difference_prefix); ++fact) {
    const auto id = parse_record_id(std::string_view(fact->first).substr(difference_prefix.size()));
    const Controls::Anchored* anchored = id ? fleet.controls().find(*id) : nullptr;
    if (!anchored || !still_counts(fleet, *anchored->record)) continue;
    std::int64_t told_ms = wall.time_since_epoch().count();
    std::from_chars(fact->second.data(), fact->second.data() + fact->second.size(), told_ms);
    const auto age = wall - libp2p::WallTime(std::chrono::milliseconds(told_ms));
    alarms.emplace(Alarm{Alarm::Kind::state_differs, anchored->record->record.author, to_cid(*id)},
                   now - std::max<Duration>(age, Duration::zero()));
  }
}

}  // namespace

AlarmsSince fleet_alarms(const Fleet& fleet, const ClockOffsets& clocks, libp2p::WallTime wall, Instant now) {
  AlarmsSince alarms;
  add_held(fleet, now, alarms);
  add_clocks(clocks, now, alarms);
  add_forks(fleet, now, alarms);
  add_differences(fleet, wall, now, alarms);
  return alarms;
}

std::string difference_fact(const RecordId& anchor) {
  return std::string(difference_prefix) + to_cid(anchor);
}

}  // namespace starling
