// Unit's own rules for /config: what each method does at a path, and what it answers when it can't
// (docs/unit.md).
#pragma once

#include <expected>

#include "starling/model/document.hpp"
#include "starling/rollout/writer.hpp"

namespace starling {

using Proposed = std::expected<Proposal, WriteFault>;

// Creates or replaces what stands at `path`; all above it must be there, and be an object or an array.
[[nodiscard]] Proposed propose_put(const json::value& present, const Path& path, json::value value);
// The same in a part that is laid over others: objects that are missing above are made.
[[nodiscard]] Proposed propose_put_with_parents(const json::value& present, const Path& path,
                                                json::value value);
// Appends to the array at `path`.
[[nodiscard]] Proposed propose_post(const json::value& present, const Path& path, json::value value);
// Removes; the whole document becomes {}.
[[nodiscard]] Proposed propose_delete(const json::value& present, const Path& path);

}  // namespace starling
