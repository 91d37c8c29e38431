// Paths into a configuration, as decoded segments: "/listeners/*:8080" is ["listeners", "*:8080"].
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "starling/model/ids.hpp"

namespace starling {

using Path = std::vector<std::string>;

inline constexpr std::size_t max_path_segments = 100;

// RFC 6901 JSON pointers: what is stored, shown and compared. "" is the whole document.
[[nodiscard]] std::string to_pointer(const Path& path);
[[nodiscard]] Result<Path> parse_pointer(std::string_view pointer);

// The path part of a URL below /config, decoded and normalised exactly as Unit does (docs/unit.md):
// percent-decoding by segment (%2F stays inside one), "//", "/./", "/../" collapsed after decoding of dots, a
// trailing slash ignored, a query or fragment cut. Errors: parse (bad escapes, %00, ".." above the root, and
// bytes that are not UTF-8, which Unit lets pass), limit.
[[nodiscard]] Result<Path> parse_url_path(std::string_view url_path);
// The inverse: every segment percent-encoded where needed, joined by "/", with a leading slash.
[[nodiscard]] std::string to_url_path(const Path& path);

// Is `a` the same as or above `b`?
[[nodiscard]] bool is_prefix(const Path& a, const Path& b);
// Does one contain the other?
[[nodiscard]] inline bool overlaps(const Path& a, const Path& b) {
  return is_prefix(a, b) || is_prefix(b, a);
}

}  // namespace starling
