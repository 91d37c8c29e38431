// Taking back what one change did, where that still stands.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "starling/model/document.hpp"
#include "starling/model/ids.hpp"

namespace starling {

// The documents around a change, as its author saw them, and the present one.
struct Aftermath {
  RecordId change;
  const json::value& before;
  const json::value& after;
  const json::value& present;
  // Who touched the place last: what stands there, at something above or below it, or took it away.
  std::function<std::optional<RecordId>(const Path&)> last_change_at;
};

// A place that the change touched and that is neither as the change left it nor as it was before.
struct ChangedSince {
  Path path;
  std::optional<RecordId> by;
};

struct Reverted {
  json::value document;                  // the present one without the change
  std::vector<ChangedSince> in_between;  // left as they are, unless forced. In order of path
};

// What the change appended to an array goes, wherever it stands there now, as long as it is there once.
// `force`: what has been changed since goes back to what it was before the change, too.
[[nodiscard]] Reverted revert(const Aftermath& aftermath, bool force);

}  // namespace starling
