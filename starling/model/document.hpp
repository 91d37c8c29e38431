// Configuration documents: strict parsing, one canonical form, access by path.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "starling/model/path.hpp"

namespace starling {

namespace json = boost::json;

struct JsonLimits {
  std::size_t max_bytes = std::size_t{8} * 1024 * 1024;
  std::size_t max_depth = 100;
  std::size_t max_members = 100'000;  // in one container
  std::size_t max_number_chars = 14;  // as Unit
};

// Where and why a text is not JSON: offset from 0 in bytes after a byte order mark, line and column from 1,
// as Unit says it. Line and column are 0 where bytes before it in the line are not UTF-8 (in a comment they
// may stand).
struct JsonError {
  std::string message;
  std::size_t offset = 0;
  std::size_t line = 1;
  std::size_t column = 1;
};

// Takes what Unit takes (comments, a trailing comma in objects, a byte order mark) and refuses what it
// refuses, duplicate keys at any depth included. Bytes that are not UTF-8 are refused, though Unit lets them
// pass: they could not be shown.
[[nodiscard]] std::expected<json::value, JsonError> parse_json(std::string_view text, JsonLimits limits = {});
// Unit's answer to such a text: {"error": "Invalid JSON.", "detail": …, "location": {"offset", "line",
// "column"}}.
[[nodiscard]] json::value invalid_json_body(const JsonError& error);

// Keys sorted bytewise, no white space, an integer-valued double below 2^53 written as the integer (1e3 is
// 1000), so that what Unit echoes compares equal to what it was given. Numbers take at most the 14 characters
// that Unit allows (1e15 stays 1e15) whenever they were parsed from as few.
[[nodiscard]] std::string canonical_json(const json::value& value);
[[nodiscard]] bool same_json(const json::value& a, const json::value& b);
// As Unit prints: TAB indentation, CRLF line ends, a blank line beside containers, CRLF at the end.
[[nodiscard]] std::string unit_json(const json::value& value);

// The value at `path`, or nullptr. Array elements are named by decimal index, as in Unit ("00" is 0).
[[nodiscard]] const json::value* find(const json::value& document, const Path& path);
[[nodiscard]] json::value* find(json::value& document, const Path& path);
// Takes the member or the element away that `path`, which is not empty, names; false: there is none.
bool remove_at(json::value& document, const Path& path);
[[nodiscard]] std::optional<std::size_t> parse_index(std::string_view segment);

// The member `key` of `object` if it is a text, else empty.
[[nodiscard]] std::string text_at(const json::object& object, std::string_view key);

// What a document that nobody has ever set is, as in a fresh Unit: no listeners, an empty array of routes, no
// applications.
[[nodiscard]] json::value empty_document();
// Does it have at least one listener? (rule M10)
[[nodiscard]] bool has_listeners(const json::value& document);

}  // namespace starling
