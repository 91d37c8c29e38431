#include "starling/model/fleet_scope.hpp"

#include <algorithm>

namespace starling {
namespace {

constexpr std::size_t max_label_bytes = 64;
constexpr std::size_t max_variable_name_bytes = 64;

bool consists_of(std::string_view text, std::string_view besides) {
  return std::ranges::all_of(text, [besides](char c) {
    const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter_or_digit || besides.contains(c);
  });
}

}  // namespace

Result<> check_label_key(std::string_view key) {
  if (key.empty() || key.size() > max_label_bytes || !consists_of(key, "._/-")) {
    return fail(Errc::invalid_argument,
                "the name of a label has 1 to 64 of the characters A-Z a-z 0-9 . _ / -, not \"" +
                    libp2p::printable(key) + "\"");
  }
  return {};
}

Result<> check_label(std::string_view key, std::string_view value) {
  LIBP2P_CHECK(check_label_key(key));
  if (value.size() > max_label_bytes || !consists_of(value, "._:/@+-")) {
    return fail(Errc::invalid_argument,
                "the value of a label has up to 64 of the characters A-Z a-z 0-9 . _ : / @ + -, not \"" +
                    libp2p::printable(value) + "\"");
  }
  return {};
}

Result<> check_variable_name(std::string_view name) {
  if (!name.empty() && name.size() <= max_variable_name_bytes && consists_of(name, "._-")) return {};
  return fail(Errc::invalid_argument,
              "a variable's name has 1 to 64 of the characters A-Z a-z 0-9 . _ -, not \"" +
                  libp2p::printable(name) + "\"");
}

std::optional<std::int64_t> layer_priority(const json::value& value) {
  boost::system::error_code error;
  const auto number = value.to_number<std::int64_t>(error);
  if (error || number < 0 || number > max_priority) return std::nullopt;
  return number;
}

}  // namespace starling
