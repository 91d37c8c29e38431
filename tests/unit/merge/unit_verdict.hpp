// What a daemon said of a configuration, beside what the structural validator says of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "starling/merge/validate.hpp"
#include "tests/support/unit_recordings.hpp"
#include "tests/unit/merge/build.hpp"

namespace starling::test {

inline constexpr ValidationRules newest{.level = newest_validation};

struct UnitVerdict {
  int status = 0;
  std::string detail;               // of a refusal; of a 500 there is none
  std::optional<std::string> path;  // FreeUnit names it

  [[nodiscard]] bool accepted() const { return status == 200; }
};

inline UnitVerdict verdict_of(int status, const json::value& body) {
  UnitVerdict verdict{status, "", {}};
  const json::object* object = body.if_object();
  if (object == nullptr) return verdict;
  if (const json::value* detail = object->if_contains("detail")) verdict.detail = detail->as_string();
  const json::value* location = object->if_contains("location");
  const json::value* path = location != nullptr ? location->as_object().if_contains("path") : nullptr;
  if (path != nullptr) verdict.path = path->as_string();
  return verdict;
}

inline std::string text(const std::optional<Invalid>& invalid) {
  return invalid ? to_pointer(invalid->path) + ": " + invalid->detail : "valid";
}

inline std::vector<Violation> all_violations(const json::value& document) {
  ReferenceIndex index;
  index.replace({}, &document);
  return violations_by({Path{}}, document, index, newest);
}

// How the validator differs from the daemon; empty where it doesn't. Strict both ways, words and place
// included: the one fault that a daemon names is among those found. Where it only failed to apply what was
// put, it has no words.
inline std::string difference(const json::value& document, const UnitVerdict& verdict) {
  const auto invalid = validate(document, newest);
  if (verdict.accepted()) return invalid ? "accepted, yet " + text(invalid) : "";
  const std::string refused = "refused: " + verdict.path.value_or("") + ": " + verdict.detail;
  if (!invalid) return refused + ", yet valid";
  if (verdict.status != 400) return "";
  for (const Violation& violation : all_violations(document)) {
    const Invalid& found = violation.invalid;
    if (found.detail == verdict.detail && (!verdict.path || to_pointer(found.path) == *verdict.path))
      return "";
  }
  return refused + ", but " + text(invalid);
}

}  // namespace starling::test
