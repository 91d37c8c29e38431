// Edits of a document in place, each with what it takes to undo it.
#pragma once

#include <memory>
#include <optional>

#include "starling/model/document.hpp"

namespace starling {

// The member at `path`, or nullptr. Through objects only: unlike find(), no segment is taken for the index of
// an array's element, since no edit's path crosses an array (M2).
[[nodiscard]] const json::value* member_at(const json::value& document, const Path& path);
[[nodiscard]] json::value* member_at(json::value& document, const Path& path);

// The highest place strictly above `path` at which an array stands, if there is one.
[[nodiscard]] std::optional<Path> array_above(const json::value& document, const Path& path);

// What an edit replaced: the place at or above its path below which all is as it was, and what stood there
// (nothing: the place is new). Shared, because a conflict record may want it as its base.
struct Replaced {
  Path at;
  std::shared_ptr<json::value> old;
};

// Puts `value` at `path`. Parents are made; what is no object on the way gives way to one.
Replaced set_member(json::value& document, const Path& path, json::value value);
// `path` must be there. Removing the whole document leaves the unset one.
Replaced remove_member(json::value& document, const Path& path);
// Takes back the last edit of `document` that has not been taken back yet.
void put_back(json::value& document, Replaced replaced);

}  // namespace starling
