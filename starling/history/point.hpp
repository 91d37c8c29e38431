// How people name a point of the history: REVISION in commands and URLs.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "starling/model/ids.hpp"

namespace starling {

// The revision's first digits, or all of them.
struct AtRevision {
  std::string digits;
};
// Right after a change: that change and all that it builds on.
struct AtChange {
  RecordId change;
};
// The present, without the newest so many changes in the order of the merge (M1).
struct BeforeNewest {
  std::size_t changes = 0;
};

using Point = std::variant<AtRevision, AtChange, BeforeNewest>;

// A revision's hash (8 digits or more, in quotes as an ETag has them or not), a change's id, HEAD, or HEAD~N.
// Errors: parse, with what is possible.
[[nodiscard]] Result<Point> parse_point(std::string_view text);

}  // namespace starling
