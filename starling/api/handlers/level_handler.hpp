// /v1/level: by which rules the fleet merges (M9), and what stands between it and the newest.
#pragma once

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

// {"level", "newest", "behind": names of members that don't know the newest, "fault": why a node could not
// render what there is, or null, "anchor": the body that raises it, in hexadecimal, to be signed by root or
// an admin}.
[[nodiscard]] Task<HttpResponse> get_level(ApiContext& context);

}  // namespace starling
