// What the author of a record had seen.
#pragma once

#include <set>
#include <span>

#include "starling/changelog/changelog.hpp"

namespace starling {

// `heads` and all that they build on, as far as this node holds it.
[[nodiscard]] std::set<RecordId> causal_past(const Changelog& log, std::span<const RecordId> heads);

}  // namespace starling
