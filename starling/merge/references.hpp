// Which parts of a configuration name which others: what "pass" points to.
#pragma once

#include <string_view>
#include <vector>

#include "starling/model/document.hpp"

namespace starling {

struct Reference {
  Path from;      // where the "pass" stands
  std::string text;
  Path target;    // what must be there: ["routes"], ["routes", "main"], ["upstreams", "u"], ["applications", "app"]
};

// The target that a pass names, or nothing where it holds variables ("routes/$host") or is no such name at all.
[[nodiscard]] std::optional<Path> pass_target(std::string_view pass);

// Every "pass" with a fixed target in `value`, which stands at `at` in its document.
[[nodiscard]] std::vector<Reference> references(const json::value& value, const Path& at);

}  // namespace starling
