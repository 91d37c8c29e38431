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

// Edits of the composed document, each in the scopes where it belongs, as above; of what was filled in, too.
[[nodiscard]] std::vector<Edit> into_scopes(const std::vector<Edit>& edits, const Composed& composed,
                                            const json::value& tree);

// The place in the composed document of what is rendered at `path`; nothing: there is none.
[[nodiscard]] std::optional<Path> written_at(const Path& path, const Composed& composed,
                                             const json::value& tree, const NodeFacts& facts);

// Is any string or name in it a template?
[[nodiscard]] bool has_templates(const json::value& document);

// `document`, which somebody made of what the node runs, as one would write it: where it still holds what a
// template was filled in with, the template itself. What is a template already stays. Faults: a template that
// would be lost, by its place.
[[nodiscard]] std::expected<json::value, ScopeFault> unfilled(const json::value& document,
                                                              const Composed& composed,
                                                              const json::value& tree,
                                                              const NodeFacts& facts);

}  // namespace starling
