// What a write was worked out against, and what is done when the fleet has moved since (rule M3).
#pragma once

#include <optional>

#include "starling/api/api_context.hpp"
#include "starling/api/etag.hpp"
#include "starling/api/http_types.hpp"
#include "starling/history/past.hpp"

namespace starling {

// As the request's headers say it. All of them are looked at when it is the write's turn: of two that name
// the same version one comes too late.
struct Preconditions {
  std::optional<EtagList> if_match;       // the ETag of the whole, or of the part that is written
  std::optional<EtagList> if_none_match;  // "*": nothing may be there yet
  std::optional<Point> base;              // Starling-Base

  // Errors: invalid_argument, with the header that can't be read.
  [[nodiscard]] static Result<Preconditions> parse(const HttpRequest& request);
};

// Why the write may not happen (412, with what moved, and who did it), or nothing. `place`, in the tree of
// all scopes, is what is written; of a write that is not of one place it is empty.
[[nodiscard]] std::optional<WriteFault> check_preconditions(const ApiContext& context,
                                                            const Preconditions& wanted,
                                                            const json::value& tree, const Path& place);

// What `propose` makes of `base`, as it merges with what has come since: the fold of all that is known with
// the change in it, whose parents are the base's heads.
//
// A node can't put a change beside its own older ones, only after them, and so after all that these were
// written upon. Where an edit overlaps with one of those that the writer had not seen, the writer would
// overwrite it without a conflict: such a write is refused as stale (412), naming the place and its author.
[[nodiscard]] std::expected<Proposal, WriteFault> propose_on_base(ApiContext& context, const Propose& propose,
                                                                  const PastState& base,
                                                                  const WriteOptions& options);

}  // namespace starling
