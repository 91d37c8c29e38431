#include "tests/interop/cpp/lines.hpp"

#include <cstdio>
#include <string>

namespace interop {

void say(const json::object& line) {
  const std::string out = json::serialize(line) + "\n";
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
}

void say_event(std::string_view name, json::object fields) {
  fields["event"] = text(name);
  say(fields);
}

void say_answer(const json::value& id, libp2p::Result<json::object> answer) {
  json::object line = answer ? std::move(*answer) : json::object{{"error", answer.error().to_string()}};
  line["id"] = id;
  line["ok"] = answer.has_value();
  say(line);
}

}  // namespace interop
