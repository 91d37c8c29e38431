// /v1: the fleet's own resources.
#pragma once

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

[[nodiscard]] HttpResponse get_nodes(const ApiContext& context);
[[nodiscard]] HttpResponse get_status(const ApiContext& context);
// Server-sent; ?since=CURSOR or Last-Event-ID resumes (see EventLog).
[[nodiscard]] HttpResponse get_events(ApiContext& context, const HttpRequest& request);

// For commands that sign with a key of their own (root): what a record must be put after, and the way in for
// it.
[[nodiscard]] HttpResponse get_authoring(const ApiContext& context, const HttpRequest& request);
[[nodiscard]] Task<HttpResponse> post_record(ApiContext& context, HttpRequest request);

}  // namespace starling
