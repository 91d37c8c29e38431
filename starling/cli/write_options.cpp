#include "starling/cli/write_options.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "starling/cli/table.hpp"

namespace starling {

void WriteArguments::add_options(CLI::App& command) {
  target.add_options(command);
  command.add_option("--ack", ack, "wait for: local, replicated:K or applied:all");
  command.add_option("--timeout", timeout, "how long to wait: 500ms, 30s, 2m");
  command.add_option("-m,--message", message, "why, for the history");
  command.add_option("--actor", actor, "who asks for it, for the history");
  command.add_option("--if-match", if_match,
                     "a revision, as `status` shows it: refuse, with exit code 4, if the fleet has moved on");
  command.add_flag("--allow-empty", allow_empty, "it is meant to leave no listener");
}

std::string WriteArguments::target_of(const std::string& path) const {
  std::string target_path = path;
  char separator = '?';
  const auto add = [&](const std::string& name, const std::string& value) {
    if (value.empty()) return;
    target_path += separator + name + "=" + percent_encoded(value);
    separator = '&';
  };
  add("ack", ack);
  add("timeout", timeout);
  add("allow-empty", allow_empty ? "1" : "");
  return target_path;
}

std::map<std::string, std::string> WriteArguments::headers() const {
  std::map<std::string, std::string> headers;
  if (!message.empty()) headers.emplace("Starling-Message", message);
  if (!actor.empty()) headers.emplace("Starling-Actor", actor);
  if (!if_match.empty()) headers.emplace("If-Match", quoted(if_match));
  if (!base.empty()) headers.emplace("Starling-Base", quoted(base));
  return headers;
}

std::string quoted(const std::string& revision) {
  return revision.starts_with('"') || revision == "*" ? revision : '"' + revision + '"';
}

void print_written(const ApiReply& reply, bool as_json) {
  const auto change = reply.headers.find("starling-change");
  const std::string id = change == reply.headers.end() ? "" : change->second;
  if (as_json) {
    const json::object object{{"change", id.empty() ? json::value(nullptr) : json::value(id)}};
    std::printf("%s\n", canonical_json(object).c_str());
  } else {
    std::printf("%s\n", id.empty() ? "nothing to change" : id.c_str());
  }
}

}  // namespace starling
