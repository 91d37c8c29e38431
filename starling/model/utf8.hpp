// UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace starling {

struct Utf8Scan {
  std::size_t valid_bytes = 0;  // length of the longest valid beginning
  std::size_t characters = 0;   // in that beginning
};

[[nodiscard]] Utf8Scan scan_utf8(std::string_view text) noexcept;
[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
  return scan_utf8(text).valid_bytes == text.size();
}
// `code_point` is at most 0x10FFFF and no surrogate.
void append_utf8(std::string& out, char32_t code_point);

}  // namespace starling
