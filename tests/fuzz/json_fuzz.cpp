// Any text: what the parser takes has one canonical form, is printed so that it is read again, and means what
// Boost.JSON's parser, the second opinion, reads in it.
#include <boost/json/parse.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "starling/model/document.hpp"

namespace {

using namespace starling;

void require(bool condition) {
  if (!condition) std::abort();
}

// Boost rounds the last digit of a number otherwise; everything else is equal to the byte.
bool alike(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    const double x = a.to_number<double>();
    const double y = b.to_number<double>();
    if (std::isnan(y)) return x == 0;  // Boost multiplies a zero by the infinite power of its exponent
    return std::fabs(x - y) <= 1e-12 * std::fabs(x);
  }
  if (a.is_object() && b.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    for (const auto& [key, value] : a.get_object()) {
      const json::value* other = b.get_object().if_contains(key);
      if (other == nullptr || !alike(value, *other)) return false;
    }
    return true;
  }
  if (a.is_array() && b.is_array()) {
    if (a.get_array().size() != b.get_array().size()) return false;
    for (std::size_t i = 0; i < a.get_array().size(); ++i) {
      if (!alike(a.get_array()[i], b.get_array()[i])) return false;
    }
    return true;
  }
  return a == b;
}

void compare_with_boost(std::string_view text, const json::value& ours) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  json::parse_options options;
  options.allow_comments = true;
  options.allow_trailing_commas = true;
  options.max_depth = 101;
  json::error_code error;
  const json::value theirs = json::parse({text.data(), text.size()}, error, {}, options);
  // Unit, and so we, take "-01", a zero with any exponent, and any bytes in comments.
  const bool known = error == json::error::exponent_overflow || text.find("-0") != std::string_view::npos ||
                     text.find('/') != std::string_view::npos;
  require(error ? known : alike(ours, theirs));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = parse_json(text);
  if (!value) {
    require(value.error().offset <= size && !value.error().message.empty());
    require(parse_json(unit_json(invalid_json_body(value.error()))).has_value());
    return 0;
  }
  const std::string canonical = canonical_json(*value);
  const auto again = parse_json(canonical);
  require(again && same_json(*value, *again) && canonical_json(*again) == canonical);
  const auto printed = parse_json(unit_json(*value));
  require(printed && same_json(*value, *printed));
  compare_with_boost(text, *value);
  return 0;
}
