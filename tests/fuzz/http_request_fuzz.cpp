// What a client can put into a request's target and headers, past the HTTP parser itself.
#include <cstdint>
#include <cstdlib>

#include "starling/api/acknowledgement.hpp"
#include "starling/api/http_server.hpp"
#include "starling/api/page.hpp"
#include "starling/api/request_guard.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  starling::HttpRequest request;
  request.target = std::string(text.substr(0, line));
  if (line != std::string_view::npos) {
    for (const char* name : {"host", "origin", "accept", "sec-fetch-site"})
      request.headers[name] = std::string(text.substr(line + 1));
  }
  (void)starling::HttpAddress::parse(text).has_value();
  if (!starling::split_target(request)) return 0;
  (void)starling::Acknowledgement::parse(request).has_value();
  (void)starling::page_file(request).has_value();
  // A foreign name never passes as ours.
  if (request.header("host") == "attacker.test" &&
      !starling::refuse_foreign(request, {false, "127.0.0.1", 80}))
    std::abort();
  return 0;
}
