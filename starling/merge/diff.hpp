// The smallest set of edits between two documents (rules M2, M3).
#pragma once

#include <vector>

#include "starling/model/change.hpp"
#include "starling/model/record.hpp"

namespace starling {

// What fits into one change, with room for the rest of its record.
struct DiffLimits {
  std::size_t max_edits = starling::max_edits;
  std::size_t max_bytes = max_record_bytes - 256 * 1024;  // of paths and values as they are encoded, about
};

// Leaf edits that turn `before` into `after`: objects are descended into, arrays and scalars are set whole,
// so that no edit's path crosses an array. Applying them to `before` gives `after`. In order of path.
//
// Where that would be more than one change can hold, objects are set whole as well, from the deepest level
// up: such a change still enters, but in the merge it wins or loses by larger pieces.
[[nodiscard]] std::vector<Edit> diff(const json::value& before, const json::value& after,
                                     DiffLimits limits = {});

// The same between two trees of all scopes: each edit is of its scope.
[[nodiscard]] std::vector<Edit> diff_trees(const json::value& before, const json::value& after,
                                           DiffLimits limits = {});

}  // namespace starling
