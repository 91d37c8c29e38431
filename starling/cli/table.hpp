// How answers of the API are printed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "starling/cli/command.hpp"
#include "starling/model/document.hpp"

namespace starling {

using Row = std::vector<std::string>;

// How a change is named.
inline constexpr const char* change_help =
    "its id as `history` shows it, the beginning of that (12 characters or more), HEAD, or HEAD~N";

// On one line.
void print_json(const json::object& object);

// Columns as wide as they need to be; the first row is the heading.
void print_table(const std::vector<Row>& rows);

// A member as text for a terminal: "-" for what is not there, and nothing that would drive it.
[[nodiscard]] std::string cell(const json::object& object, std::string_view key);
// A member that is an array, or none.
[[nodiscard]] const json::array& list(const json::object& object, std::string_view key);
// "/listeners/*:80", and of another scope than the base "edge:/listeners/*:80", from its members scope and
// path.
[[nodiscard]] std::string place_cell(const json::object& object);

// [{scope, path, before, after}…], in lines that begin with +, - and ~; of two containers the lines that
// differ.
void print_differences(const json::array& differences);

// Asks for `target` and prints the answer: as it is with --json, else by `print`.
ExitCode show(const Target& target, const std::string& api_target, void (*print)(const json::object&));

// The value of a query's parameter, or a segment of a path.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace starling
