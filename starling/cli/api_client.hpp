// A blocking client of a daemon's API: what every command but `run` speaks through.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "starling/api/http_server.hpp"

namespace starling {

struct ApiReply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class ApiClient {
 public:
  explicit ApiClient(HttpAddress address) : address_(std::move(address)) {}

  // One request on a connection of its own. Errors: io (nobody answers there: says what to start),
  // invalid_argument (a target with blanks or control characters).
  [[nodiscard]] Result<ApiReply> request(std::string_view method, std::string_view target,
                                         std::string_view body = {},
                                         const std::map<std::string, std::string>& headers = {}) const;
  // A GET whose answer has no end: it goes to `take` as it comes, and the reply has no body. Returns when the
  // daemon ends it. Errors: as above; io also where it breaks off.
  using TakePart = std::function<void(std::string_view)>;
  [[nodiscard]] Result<ApiReply> follow(std::string_view target, const TakePart& take) const;

 private:
  [[nodiscard]] Result<ApiReply> ask(std::string_view method, std::string_view target, std::string_view body,
                                     const std::map<std::string, std::string>& headers,
                                     const TakePart& take) const;

  HttpAddress address_;
};

}  // namespace starling
