// /config: Unit's own resource, for the whole fleet.
#pragma once

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

// `path` is what follows /config in the URL, decoded.
[[nodiscard]] Task<HttpResponse> handle_config(ApiContext& context, HttpRequest request, Path path);

// The present configuration as this node was given it, and its ETag.
[[nodiscard]] const json::value& present_document(const ApiContext& context);
[[nodiscard]] std::string present_etag(const ApiContext& context);

}  // namespace starling
