// Labels as they are given at the command line.
#pragma once

#include <string_view>

#include "starling/charter/charter_records.hpp"

namespace starling {

// "key=value" sets a label, "key-" takes it away. Errors: invalid_argument; limit (more than max_labels).
[[nodiscard]] Result<> set_label(Labels& labels, std::string_view text);
// "site=syd,tier=edge"
[[nodiscard]] std::string to_text(const Labels& labels);

}  // namespace starling
