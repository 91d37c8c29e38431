// What commands that write have in common.
#pragma once

#include <map>
#include <string>

#include "starling/cli/command.hpp"

namespace starling {

struct WriteArguments {
  Target target;
  std::string ack;
  std::string timeout;
  std::string message;
  std::string actor;
  std::string if_match;
  std::string base;
  bool allow_empty = false;

  void add_options(CLI::App& command);

  // `path` with what was asked for besides as its query; it has none of its own.
  [[nodiscard]] std::string target_of(const std::string& path) const;
  // Asks the daemon to write, with the headers that follow from the options. Errors: invalid_argument (a text
  // that no header can carry); those of the daemon's answer to a revision that it doesn't know.
  [[nodiscard]] Result<ApiReply> send(const ApiClient& client, std::string_view method,
                                      const std::string& target, std::string_view body = {}) const;

 private:
  [[nodiscard]] Result<std::map<std::string, std::string>> headers(const ApiClient& client) const;
};

// A revision as an ETag: in quotes, as it may be given already.
[[nodiscard]] std::string quoted(const std::string& revision);

// The change's id, or that nothing had to change; with `as_json` {"change": …}. `body` is the daemon's
// answer.
void print_written(const ApiReply& reply, bool as_json);

}  // namespace starling
