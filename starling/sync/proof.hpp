// The few records that show, from genesis down, that a grant stands.
#pragma once

#include <span>
#include <vector>

#include "starling/changelog/changelog.hpp"
#include "starling/charter/charter.hpp"

namespace starling {

// The grant's own record, the invite it rests on, and the same for the grants under which those were written,
// up to genesis. Empty when one of them is not held.
[[nodiscard]] std::vector<RecordPtr> proof_of(const Changelog& log, const FleetId& fleet,
                                              const RecordId& grant);

// The charter that such records make by themselves. Errors: what is wrong with them.
[[nodiscard]] Result<Charter> check_proof(const FleetId& fleet, std::span<const Bytes> envelopes);

}  // namespace starling
