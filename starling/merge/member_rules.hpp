// Rules that members of several sections share.
#pragma once

#include <string_view>

#include "starling/merge/members.hpp"

namespace starling {

// Is there a variable of the fleet in `text` ("{{node.name}}")? What it says is known once it is rendered.
[[nodiscard]] bool is_rendered(std::string_view text);

void string_value(Findings& findings, std::string_view name, const json::value& value);

// A text that may hold variables ("$host", "${host}"): their syntax. Which of them there are is for the
// daemon to say, and so is what a script ("`…`") makes of it.
void text_with_variables(Findings& findings, std::string_view name, const json::value& value);
// The same after a '!' that negates.
void condition(Findings& findings, std::string_view name, const json::value& value);

// Of clients: a string or an array of strings.
void address_patterns(Findings& findings, std::string_view name, const json::value& value);

}  // namespace starling
