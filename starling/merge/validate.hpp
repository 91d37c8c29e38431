// The structural validator (rule M6): what makes a document invalid on every node alike, whatever serves it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "starling/merge/references.hpp"
#include "starling/model/document.hpp"

namespace starling {

struct Invalid {
  Path path;           // of the offending value; of an unknown member, that of the object that holds it
  std::string detail;  // in Unit's own words where Unit has some
};

// References resolve, listeners have the form that both daemons take, the top level has the members Unit
// knows, and what references lead through is of the type it must have. Nothing that depends on the machine
// (files, ports, installed modules, certificates): that is the data plane's own verdict. Of several faults,
// the first by path.
[[nodiscard]] std::optional<Invalid> validate(const json::value& document);

// "*:8080", "127.0.0.1:80", "[::1]:443", "unix:/run/app.sock"
[[nodiscard]] bool is_listener_address(std::string_view text);

struct Violation {
  Path place;  // faults are told in the order of their places
  Invalid invalid;
  Path target;  // what a reference misses, where that is the fault
};

// What a document is checked with that is one of several scopes (tree_check.hpp).
struct Surroundings {
  std::function<bool(const Reference&)> resolves;  // somewhere
  bool partial = false;                            // what is left out may be elsewhere
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
                                                   const json::value& document, const ReferenceIndex& index);

// A reference that doesn't resolve.
[[nodiscard]] Violation dangling(const Reference& reference);

}  // namespace starling
