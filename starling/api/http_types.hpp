// Requests and responses as the handlers see them: no sockets, no parser.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libp2p/base/task.hpp"
#include "starling/model/document.hpp"

namespace starling {

using libp2p::Task;

enum class HttpMethod { get, put, post, delete_, other };

struct HttpRequest {
  HttpMethod method{};
  std::string method_name;
  std::string target;                          // as sent
  std::string path;                            // the target without its query, not decoded
  std::map<std::string, std::string> query;    // decoded; of repeated names the last
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  [[nodiscard]] std::string_view header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

// Where an endless answer is written to. False once the client is gone.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  [[nodiscard]] virtual Task<bool> write(std::string chunk) = 0;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::map<std::string, std::string> headers;
  std::string body;
  // Set for an answer without an end (server-sent events): called after the head has been sent; `body` is not
  // used.
  std::function<Task<>(HttpStream&)> stream;
};

// In Unit's own form and print.
[[nodiscard]] HttpResponse unit_response(int status, const json::value& body);
[[nodiscard]] HttpResponse unit_error(int status, std::string_view error, std::string_view detail = {});
// RFC 9457: what failed, a stable code, and what to do.
[[nodiscard]] HttpResponse problem(int status, std::string_view code, std::string_view title,
                                   std::string_view detail);
// 405, with what is possible: "GET, POST".
[[nodiscard]] HttpResponse no_such_method(std::string_view possible);
[[nodiscard]] HttpResponse json_response(int status, const json::value& body);

// The number that the query gives that name, if it is one.
[[nodiscard]] std::optional<std::uint64_t> query_number(const HttpRequest& request, const std::string& name);

// Path and query of a request target. Errors: parse (a query with bad escapes).
[[nodiscard]] Result<> split_target(HttpRequest& request);

}  // namespace starling
