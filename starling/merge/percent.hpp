#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace starling {

// "a%2Fb" is "a/b", as in a URL; nothing when an escape is none. Any byte may come of it.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace starling
