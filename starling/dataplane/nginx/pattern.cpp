#include "starling/dataplane/nginx/pattern.hpp"

#include <algorithm>

#include "starling/dataplane/nginx/conf_text.hpp"

namespace starling {

namespace {

using Text = std::expected<std::string, std::string>;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Text percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return std::unexpected("a % that two hexadecimal digits don't follow in a pattern");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// What stands between the wildcards, in the spelling of what it is compared with, and quoted for PCRE.
Text literal(std::string_view text, MatchSubject subject) {
  std::string plain(text);
  if (subject == MatchSubject::uri) {
    Text decoded = percent_decoded(text);
    if (!decoded) return decoded;
    plain = std::move(*decoded);
  } else {
    std::ranges::transform(plain, plain.begin(), subject == MatchSubject::host ? lower : upper);
  }
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : plain) {
    const auto byte = static_cast<unsigned char>(c);
    const bool word = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || byte >= 0x80;
    if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      if (!word) out += '\\';
      out += c;
    }
  }
  return out;
}

// "a*b*c": the leftmost fit of what is in the middle leaves the most for the rest, so it need never be given
// back
// (?>…), and no pattern takes long.
Text wildcard_expression(std::string_view pattern, MatchSubject subject) {
  if (pattern.find("**") != std::string_view::npos) return std::unexpected("a pattern with two * in a row");
  const bool uri = subject == MatchSubject::uri;
  // No method and no host has a space.
  if (!uri && pattern.find(' ') != std::string_view::npos) return "(?!)";
  const std::string any = uri ? "." : "[^ ]";
  std::size_t star = pattern.find('*');
  Text part = literal(pattern.substr(0, star), subject);
  if (!part) return part;
  std::string out = *part;
  while (star != std::string_view::npos) {
    const std::size_t next = pattern.find('*', star + 1);
    part =
        literal(pattern.substr(star + 1, next == std::string_view::npos ? next : next - star - 1), subject);
    if (!part) return part;
    out += next == std::string_view::npos ? any + "*" + *part : "(?>" + any + "*?" + *part + ")";
    star = next;
  }
  return out;
}

Text regular_expression(std::string_view expression) {
  // nginx would read "*" as a flag, and make variables of named groups.
  if (expression.starts_with('*')) return std::unexpected("a regular expression that begins with *");
  for (const std::string_view group : {"(?<", "(?P<", "(?'"}) {
    for (std::size_t at = expression.find(group); at != std::string_view::npos;
         at = expression.find(group, at + 1)) {
      const char next = at + group.size() < expression.size() ? expression[at + group.size()] : '\0';
      const bool look_behind = group == "(?<" && (next == '=' || next == '!');
      if (!look_behind) return std::unexpected("a named group in a regular expression");
    }
  }
  return std::string(expression);
}

}  // namespace

std::string any_of(const std::vector<std::string>& expressions) {
  std::string out = "(?:";
  for (std::size_t i = 0; i < expressions.size(); ++i) out += (i == 0 ? "" : "|") + expressions[i];
  return out + ")";
}

std::expected<MatchRule, std::string> match_rule(const json::value& patterns, MatchSubject subject) {
  const json::array alone{patterns};
  const json::array& list = patterns.is_array() ? patterns.get_array() : alone;
  const auto is_regular = [](const json::value& pattern) {
    return pattern.is_string() &&
           (pattern.get_string().starts_with('~') || pattern.get_string().starts_with("!~"));
  };
  MatchRule rule{.negative = {}, .positive = {}, .regular = std::ranges::any_of(list, is_regular)};
  for (const json::value& entry : list) {
    const json::string* text = entry.if_string();
    if (text == nullptr) return std::unexpected("a pattern that is not a string");
    const bool negated = text->starts_with('!');
    const std::string_view pattern = std::string_view(*text).substr(negated ? 1 : 0);
    Text expression =
        is_regular(entry) ? regular_expression(pattern.substr(1)) : wildcard_expression(pattern, subject);
    if (!expression) return std::unexpected(std::move(expression.error()));
    if (rule.regular && !is_regular(entry)) *expression = "(?s)\\A" + *expression + "\\z";
    if (!fits_conf(*expression)) {
      return std::unexpected("a pattern with control characters, or of more than " +
                             std::to_string(max_conf_word_bytes) + " bytes");
    }
    (negated ? rule.negative : rule.positive).push_back(std::move(*expression));
  }
  return rule;
}

}  // namespace starling
