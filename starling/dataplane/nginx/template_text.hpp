// Unit's template strings ("/www/$host$uri") as nginx expressions.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace starling {

enum class TemplateUse {
  file,      // a path on disk
  location,  // a Location header: $uri is the path as the client wrote it, so that nothing unsafe gets in
};

// Texts for quoted() in directives that take variables. Errors: in words.
[[nodiscard]] std::expected<std::string, std::string> template_expression(std::string_view text,
                                                                          TemplateUse use);

// Variables of our own that the expressions name; nginx.conf defines them.
inline constexpr std::string_view dollar_variable = "s_dollar";
inline constexpr std::string_view raw_path_variable = "s_path";

}  // namespace starling
