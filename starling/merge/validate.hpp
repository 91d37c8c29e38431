// The structural validator (rule M6): what makes a document invalid on every node alike, whatever serves it.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "starling/merge/findings.hpp"
#include "starling/merge/references.hpp"
#include "starling/model/document.hpp"

namespace starling {

// What both daemons refuse, on every machine: references that don't resolve, addresses of a form that neither
// takes, values of a wrong type or out of range, what is missing. Nothing that depends on the machine (files,
// ports, modules, certificates), on a daemon's version (members below the top level, and variables, that it
// doesn't know) or on its build (regular expressions, scripts): that is the data plane's own verdict. Of
// several faults, the first by path.
[[nodiscard]] std::optional<Invalid> validate(const json::value& document, ValidationRules rules = {});

// What a document is checked with that is one of several scopes (tree_check.hpp).
struct Surroundings {
  std::function<bool(const Reference&)> resolves;  // somewhere
  ValidationRules rules;
};

// All of a whole document, in order of place.
[[nodiscard]] std::vector<Violation> violations_of(const json::value& document,
                                                   const Surroundings& surroundings);

// What became invalid by edits that replaced what stood at `touched`, if the document was valid before: equal
// to all violations of the whole document then. `index` holds its references. In order of place.
[[nodiscard]] std::vector<Violation> violations_by(const std::vector<Path>& touched,
                                                   const json::value& document, const ReferenceIndex& index,
                                                   const Surroundings& surroundings);

// The same of a document that stands alone.
[[nodiscard]] std::vector<Violation> violations_by(const std::vector<Path>& touched,
                                                   const json::value& document, const ReferenceIndex& index,
                                                   ValidationRules rules = {});

[[nodiscard]] bool dangles(const Reference& reference, const Surroundings& surroundings);
// Of a reference that does.
[[nodiscard]] Violation dangling(const Reference& reference);

}  // namespace starling
