// A revision rendered for one node.
#pragma once

#include "starling/fleet/fleet.hpp"
#include "starling/model/document.hpp"
#include "starling/model/ids.hpp"

namespace starling {

struct Generation {
  GenerationId id;
  RevisionId revision;
  std::vector<RecordId> heads;  // the tips of the changes in it
  json::value document;
};

[[nodiscard]] GenerationId generation_id(const json::value& document);

// What the fleet wants of this node now; nothing before the first change (M10).
[[nodiscard]] std::optional<Generation> desired_generation(const Fleet& fleet);

// The form in which the last good generation is remembered over restarts.
[[nodiscard]] std::string to_text(const Generation& generation);
[[nodiscard]] Result<Generation> generation_from_text(std::string_view text);

}  // namespace starling
