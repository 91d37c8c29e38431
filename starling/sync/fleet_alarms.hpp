// What of the fleet's records and clocks an operator has to know.
#pragma once

#include "starling/fleet/fleet.hpp"
#include "starling/sync/alarms.hpp"

namespace starling {

// How far each member's clock is behind the fleet's; of those that are ahead it is less than nothing.
using ClockOffsets = std::map<PeerId, std::chrono::milliseconds>;

// What is held, wrong clocks, unsettled forks, and remembered differences. Of held changes the first
// `max_held_alarms`.
inline constexpr std::size_t max_held_alarms = 1024;
[[nodiscard]] AlarmsSince fleet_alarms(const Fleet& fleet, const ClockOffsets& clocks, libp2p::WallTime wall,
                                       Instant now);

// The fact by which it is remembered over restarts which anchors this node comes to another state than.
inline constexpr std::string_view differences_fact = "differences";
inline constexpr std::size_t max_differences = 1024;
// What it says with one more, unless that is one too many, and without those that are over.
[[nodiscard]] std::string with_difference(const Fleet& fleet, const RecordId& anchor, libp2p::WallTime wall);

}  // namespace starling
