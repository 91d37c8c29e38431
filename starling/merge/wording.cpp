#include "starling/merge/wording.hpp"

#include <cmath>

namespace starling {

bool is_integral(double number) { return std::trunc(number) == number; }

std::string_view unit_type(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "a null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "an integer number";
    case json::kind::double_:
      return is_integral(value.get_double()) ? "an integer number" : "a fractional number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      break;
  }
  return "an object";
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 1024;
  std::string out = "\"";
  if (text.size() <= longest) return out.append(text) + '"';
  std::size_t size = longest;
  // Not within a UTF-8 sequence.
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return out.append(text.substr(0, size)) + "…\"";
}

}  // namespace starling
