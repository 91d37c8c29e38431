// What differs between two documents, as people are shown it.
#pragma once

#include <optional>
#include <vector>

#include "starling/model/document.hpp"

namespace starling {

struct Difference {
  Path path;
  std::optional<json::value> before;  // nothing: it was not there
  std::optional<json::value> after;   // nothing: it is gone
};

// Objects are descended into where both sides have one; what is there on one side alone is one difference,
// however much is in it. Arrays are compared whole, as in a change's edits (M2). In order of path; none when
// the two are the same.
[[nodiscard]] std::vector<Difference> differences(const json::value& before, const json::value& after);

}  // namespace starling
