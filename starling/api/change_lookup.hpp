// CHANGE in URLs and commands.
#pragma once

#include <string_view>

#include "starling/fleet/fleet.hpp"

namespace starling {

// A change as people name it: its id, in hexadecimal digits too; the beginning of an id that no other
// change's has, 12 characters or more; HEAD, the newest that takes part in the merge; or HEAD~N, N before
// that. Errors: not_found, invalid_argument (several begin so), both with what is possible.
[[nodiscard]] Result<RecordPtr> find_change(const Fleet& fleet, std::string_view name);

}  // namespace starling
