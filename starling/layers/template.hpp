// Strings with places to fill in: "http://{{node.addr}}/{{vars.tenant}}".
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace starling {

// What a name stands for, or why it stands for nothing. The text is taken as it is: what it holds is not
// filled in again.
using Resolve = std::function<std::expected<std::string_view, std::string>(std::string_view name)>;

// `text` with every {{name}} filled in; space within the braces is passed over. "{{{{" is a literal "{{";
// "}}" alone is itself. Errors: what is wrong with it, or what `resolve` says; more than `max_bytes`.
[[nodiscard]] std::expected<std::string, std::string> fill_in(std::string_view text, const Resolve& resolve,
                                                              std::size_t max_bytes);
// Adds the names in `text` to `names`, as far as it is well formed.
void collect_names(std::string_view text, std::set<std::string>& names);

}  // namespace starling
