// A client that sends what it is told and takes what it gets.
#pragma once

#include <map>
#include <string>

namespace starling::test {

struct RawReply {
  int status = 0;                              // 0 when nothing that looks like a reply came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// One request to 127.0.0.1:port, or to a unix socket when `address` is a path. Blocks for at most 5 s.
[[nodiscard]] RawReply ask(const std::string& address, const std::string& method, const std::string& target,
                           const std::string& host, const std::string& version = "1.1",
                           const std::string& body = "");

}  // namespace starling::test
