#include "starling/api/request_guard.hpp"

#include <algorithm>
#include <array>

namespace starling {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

// "localhost", "127.0.0.1", "[::1]", each with our port.
bool is_our_host(std::string_view host, const HttpOrigin& origin) {
  const std::string port = ":" + std::to_string(origin.port);
  const std::string own = origin.host.find(':') == std::string::npos ? origin.host : "[" + origin.host + "]";
  const std::array<std::string, 4> names{"localhost", "127.0.0.1", "[::1]", own};
  return std::ranges::any_of(names, [&](const std::string& name) { return lower(host) == name + port; });
}

}  // namespace

std::optional<HttpResponse> refuse_foreign(const HttpRequest& request, const HttpOrigin& origin) {
  // A web page can't open a unix socket, and what stands in Host is there whatever the client likes.
  const std::string_view host = request.header("host");
  if (!origin.is_unix && !is_our_host(host, origin)) {
    return problem(421, "foreign-host", "Not our host.",
                   "This API answers to localhost only, not to \"" + libp2p::printable(host) + "\".");
  }
  const std::string_view site = request.header("sec-fetch-site");
  const bool foreign_site = site == "cross-site" || site == "same-site";
  const auto from = request.headers.find("origin");
  const bool foreign_origin = from != request.headers.end() && from->second != "http://" + std::string(host);
  if (!foreign_site && !foreign_origin) return std::nullopt;
  return problem(403, "foreign-origin", "Refused.", "A web page of another origin may not use this API.");
}

}  // namespace starling
