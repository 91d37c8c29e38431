#include "starling/cli/write_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "starling/cli/log_access.hpp"
#include "starling/cli/table.hpp"

namespace starling {
namespace {

// An ETag is a revision's whole hash: what stands for one is looked up. "*", "none" and ETags are meant as
// they are.
Result<std::string> whole_revision(const ApiClient& client, const std::string& named) {
  constexpr std::size_t digits = 64;
  if (named.size() == digits || named == "*" || named == "none" || named.starts_with('"')) return named;
  const std::string point = percent_encoded(named);
  LIBP2P_TRY(const ApiReply reply, client.request("GET", "/v1/diff?from=" + point + "&to=" + point));
  LIBP2P_TRY(const json::object object, object_from(reply));
  const std::string revision = text_at(object, "from");
  return revision.empty() ? "none" : revision;
}

}  // namespace

void WriteArguments::add_options(CLI::App& command) {
  target.add_options(command);
  command.add_option("--ack", ack, "wait for: local, replicated:K or applied:all");
  command.add_option("--timeout", timeout, "how long to wait: 500ms, 30s, 2m");
  command.add_option("-m,--message", message, "why, for the history");
  command.add_option("--actor", actor, "who asks for it, for the history");
  command.add_option(
      "--if-match", if_match,
      "a revision (its first 8 digits or more), a change, or HEAD~N: refuse, with exit code 4, if the "
      "fleet has moved on from there");
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

Result<ApiReply> WriteArguments::send(const ApiClient& client, std::string_view method,
                                      const std::string& target_path, std::string_view body) const {
  LIBP2P_TRY(const auto with, headers(client));
  return client.request(method, target_path, body, with);
}

Result<std::map<std::string, std::string>> WriteArguments::headers(const ApiClient& client) const {
  std::map<std::string, std::string> headers;
  const auto add = [&headers](const char* flag, const char* name, const std::string& text) -> Result<> {
    if (std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }))
      return fail(Errc::invalid_argument,
                  std::string(flag) + " is one line, without control characters. Nothing has changed");
    if (!text.empty()) headers.emplace(name, text);
    return {};
  };
  LIBP2P_CHECK(add("--message", "Starling-Message", message));
  LIBP2P_CHECK(add("--actor", "Starling-Actor", actor));
  LIBP2P_CHECK(add("--base", "Starling-Base", base.empty() ? "" : quoted(base)));
  if (if_match.empty()) return headers;
  LIBP2P_TRY(const std::string revision, whole_revision(client, if_match));
  LIBP2P_CHECK(add("--if-match", "If-Match", quoted(revision)));
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
