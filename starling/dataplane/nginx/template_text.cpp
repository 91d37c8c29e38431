#include "starling/dataplane/nginx/template_text.hpp"

#include <array>
#include <optional>

#include "starling/dataplane/nginx/conf_text.hpp"

namespace starling {

namespace {

using Text = std::expected<std::string, std::string>;

std::optional<std::string_view> variable(std::string_view name, TemplateUse use) {
  if (name == "uri") return use == TemplateUse::location ? raw_path_variable : std::string_view("uri");
  if (name == "dollar") return dollar_variable;
  if (name == "method") return "request_method";
  constexpr std::array<std::string_view, 3> same = {"host", "remote_addr", "request_uri"};
  for (const std::string_view known : same) {
    if (name == known) return known;
  }
  return std::nullopt;
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Bytes that may not stand in a URI are written as Unit writes them, percent-encoded.
void append_literal(std::string& out, char c, TemplateUse use) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  const bool plain =
      byte > 0x20 && byte < 0x7F && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
  if (use == TemplateUse::file || plain) {
    out += c;
    return;
  }
  out += '%';
  out += hex[byte >> 4];
  out += hex[byte & 15];
}

}  // namespace

Text template_expression(std::string_view text, TemplateUse use) {
  if (!fits_conf(text)) {
    return std::unexpected("a string with control characters, or of more than " +
                           std::to_string(max_conf_word_bytes) + " bytes");
  }
  if (text.starts_with('`')) return std::unexpected("a JavaScript template");
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      append_literal(out, text[i], use);
      continue;
    }
    const bool braces = text.substr(i + 1).starts_with('{');
    const std::size_t start = i + (braces ? 2 : 1);
    std::size_t end = start;
    while (end < text.size() && is_name(text[end])) ++end;
    const std::string_view name = text.substr(start, end - start);
    if (braces && (end == text.size() || text[end] != '}'))
      return std::unexpected("a variable without its }");
    const auto known = variable(name, use);
    if (!known) return std::unexpected("the variable $" + std::string(name));
    out.append("${").append(*known).append("}");
    i = braces ? end : end - 1;
  }
  return out;
}

}  // namespace starling
