// /v1/layers, /v1/variables, and what they make of one node: /v1/nodes/NODE/config, /v1/nodes/NODE/labels.
#pragma once

#include <optional>

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

// Nothing when the request is for something else.
//   GET /v1/layers                                    all, lowest first, with the nodes that each selects
//   GET, PUT, DELETE /v1/layers/NAME                  {"selector": "site=syd", "priority": 10}
//   GET, PUT, POST, DELETE /v1/layers/NAME/config/…   what it holds, by Unit's rules; a PUT makes missing
//   parents GET /v1/variables;  GET, PUT, DELETE /v1/variables/NAME      a JSON string GET
//   /v1/nodes/NODE/config/…                       what that node is given, by name or peer id POST
//   /v1/nodes/NODE/labels                        {"site": "syd", "tier": null}: null takes one away
// Errors are problem documents. Writes are changes as any others: ?ack=, If-Match and Starling-Message are as
// for /config.
[[nodiscard]] Task<std::optional<HttpResponse>> route_layers(ApiContext& context, HttpRequest request);

}  // namespace starling
