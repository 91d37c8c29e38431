// How long a writer waits (rule L6): ?ack=local, replicated:K or applied:all, and &timeout=.
#pragma once

#include <optional>
#include <set>

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

struct Acknowledgement {
  enum class Kind { local, replicated, applied_all };
  Kind kind = Kind::local;
  std::size_t copies = 1;  // replicated: nodes that hold it on disk, this one included
  Duration timeout = std::chrono::seconds(30);

  // From a request's query. Errors: invalid_argument, with what is allowed.
  [[nodiscard]] static Result<Acknowledgement> parse(const HttpRequest& request);
};

// Does `node` run a revision that includes the change, as far as its last status shows?
[[nodiscard]] bool runs_change(const ApiContext& context, const PeerId& node, const RecordId& change);

// True once it is so; false when the time is over: the change stands all the same.
[[nodiscard]] Task<bool> wait_acknowledged(ApiContext& context, Acknowledgement wanted, RecordId change);

}  // namespace starling
