// The page a browser gets at "/": the nodes and the last changes, live.
#pragma once

#include <optional>

#include "starling/api/http_types.hpp"

namespace starling {

// The page, its script or its style; nothing when the request is for something else. "/" is the page only
// where Accept prefers HTML to JSON.
[[nodiscard]] std::optional<HttpResponse> page_file(const HttpRequest& request);

}  // namespace starling
