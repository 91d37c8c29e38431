// The newest records of a set, by which a state of the fleet is named.
#pragma once

#include <functional>
#include <vector>

#include "starling/changelog/changelog.hpp"

namespace starling {

// Those of a log's records that `belongs` to the set and that no other of the set names, found from the log's
// heads back, so that their number does not depend on that of all records: with what they build on they are
// the whole set. One more may be among them that another is known to know through records that don't belong,
// which does no harm. Ascending.
[[nodiscard]] std::vector<RecordId> tips_of(const Changelog& log,
                                            const std::function<bool(const SignedRecord&)>& belongs);

}  // namespace starling
