#include "starling/dataplane/nginx/conf_text.hpp"

#include <algorithm>

namespace starling {

bool fits_conf(std::string_view text) {
  return text.size() <= max_conf_word_bytes &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace starling
