#include "starling/sync/fleet_alarms.hpp"

#include <chrono>
#include <sstream>

#include "starling/fleet/fork_report.hpp"

namespace starling {
namespace {

// Since when each anchor's state is known to be another than this node's.
using Differences = std::map<RecordId, libp2p::WallTime>;

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

// Is it here, and not settled by a checkpoint that is right? Otherwise nothing of it matters any more.
bool is_open(const Fleet& fleet, const RecordId& anchor) {
  const Controls::Anchored* anchored = fleet.controls().find(anchor);
  return anchored != nullptr && !fleet.log().is_settled(anchored->record->record);
}

// Lines of an id and of milliseconds since 1970.
Differences remembered(const Fleet& fleet) {
  Differences differences;
  const auto fact = fleet.facts().find(differences_fact);
  if (fact == fleet.facts().end()) return differences;
  std::istringstream lines(fact->second);
  std::string id_text;
  std::int64_t told_ms = 0;
  while (lines >> id_text >> told_ms) {
    if (const auto id = parse_record_id(id_text))
      differences.emplace(*id, libp2p::WallTime(std::chrono::milliseconds(told_ms)));
  }
  return differences;
}

void add_differences(const Fleet& fleet, libp2p::WallTime wall, Instant now, AlarmsSince& alarms) {
  for (const auto& [id, told] : remembered(fleet)) {
    if (!is_open(fleet, id)) continue;
    const SignedRecord& anchor = *fleet.controls().find(id)->record;
    if (!fleet.log().stands(anchor) || fleet.charter().judge(anchor.record) != Charter::Verdict::valid)
      continue;
    alarms.emplace(Alarm{Alarm::Kind::state_differs, anchor.record.author, to_cid(id)},
                   now - std::max<Duration>(wall - told, Duration::zero()));
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

std::string with_difference(const Fleet& fleet, const RecordId& anchor, libp2p::WallTime wall) {
  Differences differences = remembered(fleet);
  std::erase_if(differences, [&](const auto& entry) { return !is_open(fleet, entry.first); });
  if (differences.size() < max_differences) differences.emplace(anchor, wall);
  std::string text;
  for (const auto& [id, told] : differences)
    text += to_cid(id) + " " + std::to_string(told.time_since_epoch().count()) + "\n";
  return text;
}

}  // namespace starling
