// ETags and the headers that name them (RFC 9110, sections 8.8.3 and 13.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "starling/model/document.hpp"
#include "starling/model/ids.hpp"
#include "starling/model/path.hpp"

namespace starling {

// Of the whole: the fleet's revision, "none" before the first change.
[[nodiscard]] std::string whole_etag(const std::optional<RevisionId>& revision);
// Of a part of the configuration, whatever becomes of the rest: "path-…". It is made of its place in the tree
// of all scopes, of what this node is given there, and of what the base holds there, which is what a write is
// about; nullptr: nothing.
[[nodiscard]] std::string part_etag(const Path& place, const json::value* given, const json::value* base);
// Is the opaque part of an ETag one of a part, and of that one?
[[nodiscard]] bool names_a_part(std::string_view name);
[[nodiscard]] bool names_part(std::string_view name, const Path& place);

// What stands in If-Match or If-None-Match.
class EtagList {
 public:
  static constexpr std::size_t max_tags = 64;

  // Errors: parse (the form; more than max_tags).
  [[nodiscard]] static Result<EtagList> parse(std::string_view header);

  // "*": whatever is there.
  [[nodiscard]] bool any() const noexcept { return any_; }
  // Is it one of them, and none of the weak ones? For If-Match.
  [[nodiscard]] bool has_strong(std::string_view etag) const;
  // Is it one of them, weak or not? For If-None-Match.
  [[nodiscard]] bool has_weak(std::string_view etag) const;
  // The opaque part of each, for messages and look-ups.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  struct Tag {
    bool weak = false;
    std::string quoted;
  };
  bool any_ = false;
  std::vector<Tag> tags_;
};

}  // namespace starling
