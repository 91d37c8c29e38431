// Changes, and what they did, as the API tells them.
#pragma once

#include <vector>

#include "starling/api/api_context.hpp"
#include "starling/history/difference.hpp"

namespace starling {

// "2026-06-01T12:00:00.000Z"
[[nodiscard]] std::string iso_time(libp2p::WallTime time);

// Who wrote a change, when and why: change, author, author_name, time, actor, message. Of one that isn't
// held, what its id says.
[[nodiscard]] json::object authorship_json(const ApiContext& context, const RecordId& change);
// For messages: "n1 (12D3Koo…, change bafk…)".
[[nodiscard]] std::string authorship_text(const ApiContext& context, const RecordId& change);

// A change with its edits, its state, and the revision right after it where that is known.
[[nodiscard]] json::object change_json(const ApiContext& context, const SignedRecord& record);

// [{scope, path, before, after}…]; `before` and `after` are missing where nothing was or is.
[[nodiscard]] json::array differences_json(const std::vector<Difference>& differences);

[[nodiscard]] json::object conflict_json(const ApiContext& context, const Conflict& conflict);
// What of the loser stood: the first places of many, for each of its conflicts tells them.
[[nodiscard]] json::array stood_json(const Stood& stood);
// Names one conflict as long as it is open: 16 hexadecimal digits.
[[nodiscard]] std::string conflict_id(const Conflict& conflict);

// The members scope and path of a place in the tree of all scopes.
[[nodiscard]] json::object place_json(const Path& in_tree);

// The newest of what is known about what stands at, above or below `place`, or stood there.
[[nodiscard]] const Provenance* newest_at(const Provenances& provenances, const Path& place);

}  // namespace starling
