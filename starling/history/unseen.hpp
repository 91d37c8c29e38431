// What has come since somebody looked.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "starling/changelog/changelog.hpp"

namespace starling {

// The records that `present` names, and what they build on, without all that `seen` names and builds on;
// newest first in the order of the merge (M1), as far as this node holds them. Of those that `counts`, at
// most so many. It costs what has come since, not what there is. Whoever has seen anything has seen what a
// checkpoint has settled since: who knew what of that is not told any more (L8).
[[nodiscard]] std::vector<RecordPtr> unseen(const Changelog& log, std::span<const RecordId> present,
                                            std::span<const RecordId> seen,
                                            const std::function<bool(const SignedRecord&)>& counts,
                                            std::size_t most = SIZE_MAX);

}  // namespace starling
