// A parser of our own, not Boost.JSON's: Unit names the byte where a token began and its own reason, which an
// event parser no longer knows when it reports, and REST has to answer with both. Boost.JSON holds the
// values; its parser is the second opinion in the tests.
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "starling/model/document.hpp"
#include "starling/model/utf8.hpp"

namespace starling {

namespace {

// Unit's own words: clients compare them.
constexpr std::string_view empty_payload =
    "An empty JSON payload isn't allowed.  It must be either a literal (null, true, or false), a number, a "
    "string (in "
    "double quotes \"\"), an array (with brackets []), or an object (with braces {}).";
constexpr std::string_view no_value =
    "A valid JSON value is expected here.  It must be either a literal (null, true, or false), a number, a "
    "string (in "
    "double quotes \"\"), an array (with brackets []), or an object (with braces {}).";
constexpr std::string_view after_end = "Unexpected character after the end of a valid JSON value.";
constexpr std::string_view open_object =
    "Unexpected end of JSON payload.  There's an object without a closing brace (}).";
constexpr std::string_view no_member_name =
    "A double quote (\") is expected here.  There must be a valid JSON object member starts with a name, "
    "which is a "
    "string enclosed in double quotes.";
constexpr std::string_view duplicate_member =
    "Duplicate object member.  All JSON object members must have unique names.";
constexpr std::string_view no_member_value =
    "Unexpected end of JSON payload.  There's an object member without a value.";
constexpr std::string_view no_colon =
    "A colon (:) is expected here.  There must be a colon after a JSON member name.";
constexpr std::string_view no_object_comma =
    "Either a closing brace (}) or a comma (,) is expected here.  Each JSON object must be enclosed in "
    "braces and its "
    "members must be separated by commas.";
constexpr std::string_view open_array =
    "Unexpected end of JSON payload.  There's an array without a closing bracket (]).";
constexpr std::string_view no_array_comma =
    "Either a closing bracket (]) or a comma (,) is expected here.  Each array must be enclosed in brackets "
    "and its "
    "members must be separated by commas.";
constexpr std::string_view open_string =
    "Unexpected end of JSON payload.  There's a string without a final double quote (\").";
constexpr std::string_view raw_control =
    "Unexpected character.  All control characters in a JSON string must be escaped.";
constexpr std::string_view bad_escape =
    "Unexpected backslash.  A literal backslash in a JSON string must be escaped with a second backslash "
    "(\\\\).";
constexpr std::string_view bad_hex =
    "Invalid escape sequence.  An escape sequence in a JSON string must start with a backslash, followed by "
    "the "
    "lowercase letter u, followed by four hexadecimal digits (\\uXXXX).";
constexpr std::string_view lone_surrogate =
    "Invalid JSON encoding sequence.  This 6-byte sequence does not represent a valid UTF character.";
constexpr std::string_view bad_surrogate_pair =
    "Invalid JSON encoding sequence.  This 12-byte sequence composes an illegal UTF-16 surrogate pair.";
constexpr std::string_view bad_fraction =
    "The number is invalid.  A fraction part in JSON numbers must contain at least one digit.";
constexpr std::string_view leading_zeros =
    "The number is invalid.  Leading zeros are not allowed in JSON numbers.";
constexpr std::string_view bad_exponent =
    "The number is invalid.  An exponent part in JSON numbers must contain at least one digit.";
constexpr std::string_view long_number =
    "The number is too long.  Such a long JSON number value is not supported.";
constexpr std::string_view huge_number =
    "The number is out of representable range.  Such JSON number value is not supported.";
// FreeUnit's; Unit has no such limits.
constexpr std::string_view too_deep = "JSON nesting exceeds the maximum supported depth.";
constexpr std::string_view too_many_members = "JSON object has too many members.";
constexpr std::string_view too_many_elements = "JSON array has too many elements.";
// Starling's own.
constexpr std::string_view not_utf8 = "Invalid byte.  All JSON strings must be encoded in UTF-8.";

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  std::optional<json::value> document();
  [[nodiscard]] JsonError error() const;

 private:
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char here() const { return text_[at_]; }
  std::nullopt_t fail(std::size_t offset, std::string_view detail) {
    error_offset_ = offset;
    error_detail_ = detail;
    return std::nullopt;
  }
  void skip_space();
  std::optional<std::size_t> skip_comment(std::size_t from) const;
  std::optional<json::value> value();
  std::optional<json::value> literal();
  std::optional<json::value> object();
  bool member(json::object& into);
  std::optional<json::value> array();
  std::optional<std::string> string();
  std::optional<std::size_t> string_end(std::size_t from);
  bool append_unicode(std::string& out);
  [[nodiscard]] char32_t hex4(std::size_t from) const;
  std::optional<json::value> number();
  std::optional<json::value> convert_number(std::size_t start, bool integer_form);
  void skip_digits() {
    while (!at_end() && is_digit(here())) ++at_;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t error_offset_ = 0;
  std::string_view error_detail_;
};

JsonError Parser::error() const {
  const std::string_view before = text_.substr(0, error_offset_);
  std::size_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != '\n') continue;
    ++line;
    line_start = i + 1;
  }
  const std::string_view in_line = before.substr(line_start);
  const Utf8Scan scan = scan_utf8(in_line);
  // Unit can't count columns either then (a comment may hold any bytes), and names the offset alone.
  if (scan.valid_bytes != in_line.size()) return {std::string(error_detail_), error_offset_, 0, 0};
  return {std::string(error_detail_), error_offset_, line, scan.characters + 1};
}

std::optional<json::value> Parser::document() {
  skip_space();
  if (at_end()) return fail(0, empty_payload);
  auto result = value();
  if (!result) return std::nullopt;
  skip_space();
  if (!at_end()) return fail(at_, after_end);
  return result;
}

// A comment that doesn't end (a line comment needs its line feed) is no space: it is left for the caller to
// stumble on.
void Parser::skip_space() {
  for (; !at_end(); ++at_) {
    switch (here()) {
      case ' ':
      case '\t':
      case '\n':
      case '\r':
        continue;
      case '/':
        if (const auto last = skip_comment(at_)) {
          at_ = *last;
          continue;
        }
        return;
      default:
        return;
    }
  }
}

// The offset of the comment's last byte.
std::optional<std::size_t> Parser::skip_comment(std::size_t from) const {
  const std::string_view rest = text_.substr(from);
  std::size_t last = std::string_view::npos;
  if (rest.starts_with("//")) {
    last = rest.find('\n');
  } else if (rest.starts_with("/*")) {
    last = rest.find("*/", 2);
    if (last != std::string_view::npos) ++last;
  }
  if (last == std::string_view::npos) return std::nullopt;
  return from + last;
}

std::optional<json::value> Parser::value() {
  const bool container = here() == '{' || here() == '[';
  if (container) {
    if (depth_ >= limits_.max_depth) return fail(at_, too_deep);
    ++depth_;
    auto result = here() == '{' ? object() : array();
    --depth_;
    return result;
  }
  if (here() == '"') {
    auto text = string();
    if (!text) return std::nullopt;
    return json::value(json::string(*text));
  }
  const bool negative = here() == '-' && at_ + 1 < text_.size();
  if (is_digit(negative ? text_[at_ + 1] : here())) return number();
  return literal();
}

std::optional<json::value> Parser::literal() {
  const std::string_view rest = text_.substr(at_);
  const auto take = [&](std::string_view word, json::value meaning) -> std::optional<json::value> {
    at_ += word.size();
    return meaning;
  };
  if (rest.starts_with("true")) return take("true", true);
  if (rest.starts_with("false")) return take("false", false);
  if (rest.starts_with("null")) return take("null", nullptr);
  return fail(at_, no_value);
}

std::optional<json::value> Parser::object() {
  json::object result;
  for (;;) {
    ++at_;  // the opening brace or a comma
    skip_space();
    if (at_end()) return fail(at_, open_object);
    if (here() == '}') break;
    if (here() != '"') return fail(at_, no_member_name);
    if (result.size() >= limits_.max_members) return fail(at_, too_many_members);
    if (!member(result)) return std::nullopt;
    skip_space();
    if (at_end()) return fail(at_, open_object);
    if (here() == '}') break;
    if (here() != ',') return fail(at_, no_object_comma);
  }
  ++at_;
  return json::value(std::move(result));
}

bool Parser::member(json::object& into) {
  const std::size_t start = at_;
  const auto name = string();
  if (!name) return false;
  if (into.contains(*name)) return fail(start, duplicate_member), false;
  skip_space();
  if (at_end()) return fail(at_, no_member_value), false;
  if (here() != ':') return fail(at_, no_colon), false;
  ++at_;
  skip_space();
  if (at_end()) return fail(at_, no_member_value), false;
  auto content = value();
  if (!content) return false;
  into.emplace(*name, std::move(*content));
  return true;
}

std::optional<json::value> Parser::array() {
  json::array result;
  for (;;) {
    ++at_;  // the opening bracket or a comma
    skip_space();
    if (at_end()) return fail(at_, open_array);
    if (here() == ']') break;
    if (result.size() >= limits_.max_members) return fail(at_, too_many_elements);
    auto element = value();
    if (!element) return std::nullopt;
    result.push_back(std::move(*element));
    skip_space();
    if (at_end()) return fail(at_, open_array);
    if (here() == ']') break;
    if (here() != ',') return fail(at_, no_array_comma);
  }
  ++at_;
  return json::value(std::move(result));
}

// Checks the form to the closing quote, whose offset it returns; what the escapes mean is judged after that,
// so that the first error is the one Unit finds first.
std::optional<std::size_t> Parser::string_end(std::size_t from) {
  std::size_t i = from;
  while (i < text_.size() && text_[i] != '"') {
    if (static_cast<unsigned char>(text_[i]) < 0x20) return fail(i, raw_control);
    if (text_[i] != '\\') {
      ++i;
      continue;
    }
    const std::size_t backslash = i++;
    if (i == text_.size()) break;
    const char kind = text_[i++];
    if (kind != 'u') {
      if (std::string_view("\"\\/nrtbf").find(kind) == std::string_view::npos)
        return fail(backslash, bad_escape);
      continue;
    }
    for (int digits = 0; digits < 4 && i < text_.size(); ++digits, ++i) {
      if (!is_hex(text_[i])) return fail(i, bad_hex);
    }
  }
  if (i >= text_.size()) return fail(text_.size(), open_string);
  return i;
}

std::optional<std::string> Parser::string() {
  const std::size_t start = at_ + 1;
  const auto end = string_end(start);
  if (!end) return std::nullopt;
  const std::string_view raw = text_.substr(start, *end - start);
  const std::string_view to_end = text_.substr(0, *end);  // no search goes beyond this string
  const Utf8Scan scan = scan_utf8(raw);
  std::string out;
  out.reserve(raw.size());
  at_ = start;
  while (at_ < *end) {
    const std::size_t plain = std::min(to_end.find('\\', at_), *end);
    out.append(text_, at_, plain - at_);
    at_ = plain;
    if (at_ == *end) break;
    const char kind = text_[at_ + 1];
    if (kind == 'u') {
      if (!append_unicode(out)) return std::nullopt;
      continue;
    }
    constexpr std::string_view escaped = "\"\\/nrtbf";
    constexpr std::string_view meaning = "\"\\/\n\r\t\b\f";
    out += meaning[escaped.find(kind)];
    at_ += 2;
  }
  if (scan.valid_bytes != raw.size()) return fail(start + scan.valid_bytes, not_utf8);
  at_ = *end + 1;
  return out;
}

char32_t Parser::hex4(std::size_t from) const {
  std::uint16_t value = 0;
  std::from_chars(text_.data() + from, text_.data() + from + 4, value, 16);
  return value;
}

// At the backslash of \uXXXX, whose form has been checked; a pair of surrogates is one character.
bool Parser::append_unicode(std::string& out) {
  const std::size_t start = at_;
  char32_t code_point = hex4(start + 2);
  at_ += 6;
  if (code_point >= 0xD800 && code_point <= 0xDFFF) {
    if (code_point > 0xDBFF || text_.substr(at_, 2) != "\\u") return fail(start, lone_surrogate), false;
    const char32_t low = hex4(at_ + 2);
    at_ += 6;
    if (low < 0xDC00 || low > 0xDFFF) return fail(start, bad_surrogate_pair), false;
    code_point = ((code_point - 0xD800) << 10) + (low - 0xDC00) + 0x10000;
  }
  append_utf8(out, code_point);
  return true;
}

std::optional<json::value> Parser::number() {
  const std::size_t start = at_;
  if (here() == '-') ++at_;
  const std::size_t digits = at_;
  skip_digits();
  const std::size_t integer_end = at_;
  if (!at_end() && here() == '.') {
    ++at_;
    const std::size_t fraction = at_;
    skip_digits();
    if (at_ == fraction) return fail(digits, bad_fraction);
  }
  // Unit lets "-01" pass, and so do we: it means -1.
  if (integer_end - digits > 1 && text_[start] == '0') return fail(digits, leading_zeros);
  if (!at_end() && (here() == 'e' || here() == 'E')) {
    ++at_;
    if (!at_end() && (here() == '-' || here() == '+')) ++at_;
    const std::size_t exponent = at_;
    skip_digits();
    if (at_ == exponent) return fail(start, bad_exponent);
  }
  if (at_ - start > limits_.max_number_chars) return fail(start, long_number);
  auto result = convert_number(start, integer_end == at_);
  if (!result) return std::nullopt;
  if (!at_end() && std::string_view(" \t\r\n,}]{[\"/").find(here()) == std::string_view::npos) {
    return fail(start, no_value);
  }
  return result;
}

std::optional<json::value> Parser::convert_number(std::size_t start, bool integer_form) {
  const char* first = text_.data() + start;
  const char* last = text_.data() + at_;
  std::int64_t integer = 0;
  if (integer_form && std::from_chars(first, last, integer).ec == std::errc()) return json::value(integer);
  double real = 0;
  const bool converted = std::from_chars(first, last, real).ec == std::errc();
  constexpr double most = 9223372036854775808.0;  // 2^63, as Unit
  const bool subnormal = real != 0 && std::fabs(real) < std::numeric_limits<double>::min();
  if (!converted || subnormal || std::fabs(real) > most) return fail(start, huge_number);
  constexpr double exact_integers = 9007199254740992.0;  // 2^53
  if (real == std::trunc(real) && std::fabs(real) < exact_integers) {
    return json::value(static_cast<std::int64_t>(real));
  }
  return json::value(real);
}

}  // namespace

std::expected<json::value, JsonError> parse_json(std::string_view text, JsonLimits limits) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.size() > limits.max_bytes) {
    return std::unexpected(JsonError{"The JSON payload has " + std::to_string(text.size()) +
                                     " bytes; at most " + std::to_string(limits.max_bytes) +
                                     " are supported."});
  }
  Parser parser(text, limits);
  auto value = parser.document();
  if (!value) return std::unexpected(parser.error());
  return std::move(*value);
}

json::value invalid_json_body(const JsonError& error) {
  json::object location{{"offset", error.offset}};
  if (error.line != 0) {
    location.emplace("line", error.line);
    location.emplace("column", error.column);
  }
  return json::object{
      {"error", "Invalid JSON."}, {"detail", error.message}, {"location", std::move(location)}};
}

}  // namespace starling
