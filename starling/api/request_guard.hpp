// What keeps web pages away from the API (DESIGN section 7).
#pragma once

#include <optional>

#include "starling/api/http_types.hpp"

namespace starling {

// How a request came in.
struct HttpOrigin {
  bool is_unix = false;
  std::string host;  // of our own listener
  std::uint16_t port = 0;
};

// The answer to a request that must not pass, or nothing: a Host that is not ours, a foreign or null Origin,
// Sec-Fetch-Site cross-site or same-site. Plain curl sends none of these headers but Host.
[[nodiscard]] std::optional<HttpResponse> refuse_foreign(const HttpRequest& request,
                                                         const HttpOrigin& origin);

}  // namespace starling
