// The way back from a rendered configuration to the scopes it is made of: where an edit of what a node runs
// belongs.
#pragma once

#include "starling/layers/render.hpp"
#include "starling/model/change.hpp"

namespace starling {

// Edits of the tree that make `edits` of a node's rendered configuration: a value is set in the scope that
// brought what stands there, a new one in the lowest scope that has its parent, and what is removed is
// removed from every scope that has it. Faults: a place whose name or value was filled in from a template,
// since what it would have to become for other nodes is not known.
[[nodiscard]] std::expected<std::vector<Edit>, ScopeFault> edits_of_scopes(const std::vector<Edit>& edits,
                                                                           const Composed& composed,
                                                                           const json::value& tree,
                                                                           const NodeFacts& facts);

}  // namespace starling
