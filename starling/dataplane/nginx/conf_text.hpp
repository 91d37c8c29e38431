// Texts as nginx's configuration language takes them.
#pragma once

#include <string>
#include <string_view>

namespace starling {

// nginx reads at most 4,096 bytes as one word.
inline constexpr std::size_t max_conf_word_bytes = 3000;

// Without control characters, and short enough: only such texts from a configuration go into nginx.conf.
[[nodiscard]] bool fits_conf(std::string_view text);
// One word, in double quotes. What it holds of "$" is still a variable to directives that take variables.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace starling
