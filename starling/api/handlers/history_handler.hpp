// /v1: what has been changed, by whom, and what it was before.
#pragma once

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

// /v1/changes and /v1/history: every change that this node holds, newest first, whatever has become of it;
// ?limit= (1 to 1000, default 100) and ?after=, the `next` of the page before; ?path= and ?scope= only those
// that touched that place, something above it, or something in it.
[[nodiscard]] HttpResponse get_changes(const ApiContext& context, const HttpRequest& request);
// /v1/changes/ID: also what it did, whose it took away or replaced, and its conflicts.
[[nodiscard]] Task<HttpResponse> get_change(ApiContext& context, std::string id);
// /v1/diff?from=REVISION&to=REVISION (default HEAD).
[[nodiscard]] Task<HttpResponse> get_diff(ApiContext& context, HttpRequest request);
// /v1/blame?path=POINTER&scope=SCOPE: by whom each leaf is that stands there; &removed=1 also what is gone.
[[nodiscard]] Task<HttpResponse> get_blame(ApiContext& context, HttpRequest request);
[[nodiscard]] HttpResponse get_conflicts(const ApiContext& context);

}  // namespace starling
