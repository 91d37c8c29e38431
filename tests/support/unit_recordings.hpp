// The recorded exchanges with Unit and FreeUnit in tests/data/unit-api.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling::test {

struct RecordedReply {
  int status = 0;
  std::string reason;
  std::string head;  // "HTTP/1.1 200 OK\r\n…\r\n\r\n", with the Content-Length that the body has
  std::string body;
};

struct Exchange {
  std::string name;
  std::string method;
  std::string path;
  std::string body;
  bool raw = false;                    // sent as hand-made bytes, which `body` does not show
  std::optional<RecordedReply> reply;  // none where the daemon closed without a word
  boost::json::value config_after;     // as the recorder read it
};

// `family` is the file's name: "06-json-parsing.unit". Fails the process when there is no such file: tests
// need it.
[[nodiscard]] std::vector<Exchange> recorded(std::string_view family);
// The exchange of that name; the first one when several have it.
[[nodiscard]] Exchange recorded(std::string_view family, std::string_view name);

[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace starling::test
