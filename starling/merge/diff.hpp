// The smallest set of edits between two documents (rules M2, M3).
#pragma once

#include <vector>

#include "starling/model/change.hpp"

namespace starling {

// Leaf edits that turn `before` into `after`: objects are descended into, arrays and scalars are set whole, so that no
// edit's path crosses an array. Applying them to `before` gives `after`. In order of path.
[[nodiscard]] std::vector<Edit> diff(const json::value& before, const json::value& after);

}  // namespace starling
