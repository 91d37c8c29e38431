// The structural validator over all scopes (rule M6).
#pragma once

#include <map>
#include <string>

#include "starling/merge/validate.hpp"
#include "starling/model/scope.hpp"

namespace starling {

// The references of each scope that holds configuration, by its name.
using ScopeReferences = std::map<std::string, ReferenceIndex, std::less<>>;

// The base is a whole configuration. A layer is part of one: it must be of the right form where it says
// something, but what it leaves out may be in the base; whether what a node gets is complete is seen when it
// is rendered. A reference leads somewhere if it does in some scope that holds configuration. "@fleet" has a
// form of its own (fleet_form.hpp). Of several faults the first by path, which begins with the scope. The
// rules are those of the merge's `level`.
[[nodiscard]] std::optional<Invalid> validate_tree(const json::value& tree, std::uint32_t level);

// As violations_by() of one document: all paths begin with the scope, but for a reference's target, which is
// of none.
[[nodiscard]] std::vector<Violation> tree_violations_by(const std::vector<Path>& touched,
                                                        const json::value& tree,
                                                        const ScopeReferences& references,
                                                        std::uint32_t level);

}  // namespace starling
