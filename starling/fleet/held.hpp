// What an operator can do about held changes (rule L7).
#pragma once

#include <span>
#include <vector>

#include "starling/fleet/fleet.hpp"

namespace starling {

// Those of `ids` and every held change that descends from one of them, oldest first. Errors: not_found;
// refused, when one is not held.
[[nodiscard]] Result<std::vector<RecordPtr>> held_with_descendants(const Fleet& fleet,
                                                                   std::span<const RecordId> ids);

// A change that makes them void for ever, on every node. Errors: as above; refused, when one enters so soon
// that this no longer reaches it; limit, when there are more than one change can name.
[[nodiscard]] Result<Change> discard_of(const Fleet& fleet, std::span<const RecordId> ids);

// The same, and what they said is said again under a clock of now.
[[nodiscard]] Result<Change> repropose_of(const Fleet& fleet, std::span<const RecordId> ids);

}  // namespace starling
