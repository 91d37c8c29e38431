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

// The fact by which it is remembered over restarts that this node comes to another state than an anchor says.
[[nodiscard]] std::string difference_fact(const RecordId& anchor);

}  // namespace starling
