// The body of a change: atomic edits by path, with what people say of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "starling/model/document.hpp"
#include "starling/model/ids.hpp"
#include "starling/model/path.hpp"
#include "starling/model/scope.hpp"

namespace starling {

inline constexpr std::size_t max_edits = 65'536;
inline constexpr std::size_t max_voided = 1024;
inline constexpr std::size_t max_actor_bytes = 256;
inline constexpr std::size_t max_message_bytes = 4096;

enum class EditOp : std::uint8_t { set = 1, remove = 2, append = 3 };

struct Edit {
  std::string scope{base_scope};
  Path path;
  EditOp op{};
  std::optional<json::value> value;  // for set and append; canonical
};

struct Change {
  std::string actor;  // who asked, in their words
  std::string message;
  bool allow_empty = false;  // M10
  std::vector<Edit> edits;
  // Held changes that take no part for ever, on every node (L7): without edits a discard; with theirs, a
  // proposal of the same anew. Ascending, no duplicates, at most max_voided.
  std::vector<RecordId> voids{};

  [[nodiscard]] Bytes to_body() const;
  // Errors: parse (form, paths, values that are not canonical JSON), limit (more than max_edits, max_voided).
  [[nodiscard]] static Result<Change> from_body(BytesView body);
};

}  // namespace starling
