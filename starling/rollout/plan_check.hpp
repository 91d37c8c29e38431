// What a write is checked for before it becomes a change: that every member can render what the fleet would
// want of it.
#pragma once

#include "starling/fleet/fleet.hpp"
#include "starling/rollout/generation.hpp"

namespace starling {

// The first member, by peer id, that can render `present` and could not render `candidate`, or would get a
// configuration that is invalid once it is whole. `own_addr` is this node's; those of others are not known
// here, and taken for one that resolves. Names are looked up for all; where very many members get very large
// configurations that all differ, not all of them are rendered, and one that turns out invalid keeps its last
// good generation and says so.
[[nodiscard]] std::optional<RenderFault> check_renders(const Fleet& fleet, const json::value& present,
                                                       const json::value& candidate, unsigned level,
                                                       const std::optional<std::string>& own_addr);

// The first member, by peer id, that has a listener and would have none any more (M10).
[[nodiscard]] std::optional<std::string> emptied_member(const Fleet& fleet, const json::value& present,
                                                        const json::value& candidate);

}  // namespace starling
