#include "starling/merge/member_rules.hpp"

#include <optional>

#include "starling/merge/address.hpp"
#include "starling/merge/wording.hpp"

namespace starling {
namespace {

bool may_name_a_variable(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// The text after the variable that begins with the '$' at its front; nothing when it is none.
std::optional<std::string_view> after_variable(std::string_view text) {
  text.remove_prefix(1);
  const bool in_braces = text.starts_with('{');
  if (in_braces) text.remove_prefix(1);
  std::size_t length = 0;
  while (length < text.size() && may_name_a_variable(text[length])) ++length;
  if (length == 0) return std::nullopt;
  text.remove_prefix(length);
  if (!in_braces) return text;
  if (!text.starts_with('}')) return std::nullopt;
  return text.substr(1);
}

void check_variables(Findings& findings, std::string_view name, std::string_view text) {
  if (text.starts_with('`') || is_rendered(text)) return;
  std::string_view rest = text;
  while (true) {
    const std::size_t dollar = rest.find('$');
    if (dollar == std::string_view::npos) return;
    rest.remove_prefix(dollar);
    const auto after = after_variable(rest);
    if (!after) {
      return findings.add("Invalid variable at position " + std::to_string(text.size() - rest.size()) +
                          " in the " + in_quotes(name) + " value.");
    }
    rest = *after;
  }
}

void address_pattern(Findings& findings, std::string_view, const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return findings.add("The \"match\" pattern for \"address\" must be a string.");
  if (is_rendered(*text)) return;
  if (const auto fault = fault_of_address_pattern(*text)) findings.add(std::string(*fault));
}

}  // namespace

bool is_rendered(std::string_view text) { return text.find("{{") != std::string_view::npos; }

void string_value(Findings& findings, std::string_view name, const json::value& value) {
  expect(findings, name, Types::string, value);
}

void text_with_variables(Findings& findings, std::string_view name, const json::value& value) {
  check_variables(findings, name, value.get_string());
}

void condition(Findings& findings, std::string_view name, const json::value& value) {
  std::string_view text = value.get_string();
  if (text.starts_with('!')) text.remove_prefix(1);
  check_variables(findings, name, text);
}

void address_patterns(Findings& findings, std::string_view name, const json::value& value) {
  check_one_or_each(findings, name, value, address_pattern);
}

}  // namespace starling
