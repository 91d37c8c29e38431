// How Unit puts things in its answers to a configuration that it refuses.
#pragma once

#include <string>
#include <string_view>

#include "starling/model/document.hpp"

namespace starling {

// "an array", "an integer number", …: an integer-valued double is an integer to Unit.
[[nodiscard]] std::string_view unit_type(const json::value& value);
[[nodiscard]] bool is_integral(double number);
// `text` in double quotes, as it is, cut after 1,024 bytes: what stands in a configuration may be of any
// length.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace starling
