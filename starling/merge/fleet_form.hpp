// The form of the scope "@fleet".
#pragma once

#include <optional>

#include "starling/merge/validate.hpp"

namespace starling {

// It holds "layers", by name {"selector": "site=syd,tier!=edge,gpu", "priority": 0 to 1000}, and "variables",
// by name a string; neither need be there. There are at most 1024 layers. Of several faults the first by
// path.
[[nodiscard]] std::optional<Invalid> fleet_scope_fault(const json::value& document);

}  // namespace starling
