// Which handler answers what: routes as data, and the one place where methods and paths are told apart.
#pragma once

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

[[nodiscard]] Task<HttpResponse> route(ApiContext& context, HttpRequest request);

}  // namespace starling
