// POST /v1/changes: several edits that become one change.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "starling/model/change.hpp"
#include "starling/rollout/writer.hpp"

namespace starling {

struct ChangeRequest {
  std::string actor;
  std::string message;
  std::vector<Edit> edits;  // at least one, max_edits at most
};

// What is wrong with such a request as a whole, and edit by edit.
struct RequestFault {
  static constexpr std::size_t most_told = 100;

  struct OfEdit {
    std::size_t index = 0;  // from 0
    std::string place;      // as it was written, or as it is shown
    std::string detail;
  };
  std::string detail;
  std::vector<OfEdit> edits;  // most_told at most
  bool is_absence = false;    // all that is wrong is that nothing is there
};

// {"message": "…", "actor": "…", "edits": [{"scope": "base", "path": "/listeners/*:80", "op": "set", "value":
// …}]}. `message`, `actor` and `scope` may be left out. Paths are JSON pointers below the scope.
[[nodiscard]] std::expected<ChangeRequest, RequestFault> parse_change_request(std::string_view body);

// All of the edits, each upon what the one before it has left, or none. Objects above what is set are made;
// the elements of arrays are named by index, as in Unit. What is removed, or appended to, must be there. An
// append stays one where nothing else of the request touches its array (M2).
[[nodiscard]] std::expected<Proposal, RequestFault> propose_edits(const json::value& tree,
                                                                  const std::vector<Edit>& edits);

}  // namespace starling
