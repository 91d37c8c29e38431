// /v1/forks, anchors, checkpoints, and what can be done about held changes.
#pragma once

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

// ?of= a chain, or a record of it: that one alone.
[[nodiscard]] HttpResponse get_forks(const ApiContext& context, const HttpRequest& request);
// {"of": as above, "stands": the id of a record, or "none"}: ruled as this node, which must be an admin.
[[nodiscard]] Task<HttpResponse> post_ruling(ApiContext& context, HttpRequest request);
// The anchors and checkpoints that count, newest first.
[[nodiscard]] HttpResponse get_anchors(const ApiContext& context);
// What is to be signed by another key, as {"body": hexadecimal}; it comes back as a record.
[[nodiscard]] Task<HttpResponse> get_next_anchor(ApiContext& context);
[[nodiscard]] Task<HttpResponse> get_next_checkpoint(ApiContext& context);
[[nodiscard]] Task<HttpResponse> post_anchor(ApiContext& context);
[[nodiscard]] Task<HttpResponse> post_checkpoint(ApiContext& context);

// `ids`: one or more, parted by commas; whatever is held and descends from them goes with them.
[[nodiscard]] Task<HttpResponse> post_discard(ApiContext& context, std::string ids);
[[nodiscard]] Task<HttpResponse> post_repropose(ApiContext& context, std::string ids);

}  // namespace starling
