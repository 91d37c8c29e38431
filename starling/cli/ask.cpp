#include "starling/cli/ask.hpp"

#include <cstdio>

#include "starling/model/document.hpp"

namespace starling {

ExitCode perform(const Target& target, const Perform& ask, Print print) {
  const auto client = target.client();
  const auto reply = client ? ask(*client) : std::unexpected(client.error());
  if (!reply) return report(reply.error());
  if (reply->status != 200) return report(*reply);
  print(*reply, target.json);
  return ExitCode::done;
}

void print_value(const ApiReply& reply, bool as_json) {
  const auto value = parse_json(reply.body);
  if (as_json && value) {
    std::printf("%s\n", canonical_json(*value).c_str());
  } else {
    std::fwrite(reply.body.data(), 1, reply.body.size(), stdout);
  }
}

}  // namespace starling
