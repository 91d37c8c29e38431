// What of a configuration the nginx driver can't do, and where it stands.
#pragma once

#include <expected>
#include <string>

#include "starling/dataplane/driver.hpp"

namespace starling {

struct Refusal {
  Path path;
  std::string detail;
};

template <class T = void>
using Rendered = std::expected<T, Refusal>;

[[nodiscard]] inline std::unexpected<Refusal> refuse(Path path, std::string detail) {
  return std::unexpected(Refusal{std::move(path), std::move(detail)});
}

// The path with one more segment.
[[nodiscard]] Path below(const Path& path, std::string_view segment);
[[nodiscard]] Path below(const Path& path, std::size_t index);

// In the form of FreeUnit's own refusals: error, detail, location.path.
[[nodiscard]] DataPlaneFault to_fault(const Refusal& refusal);

}  // namespace starling
