#include "starling/cli/command.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "starling/daemon/files.hpp"
#include "starling/model/document.hpp"

namespace starling {
namespace {

// Where in the configuration or in the text sent, as the daemon or the data plane says it.
std::string location_of(const json::object& body) {
  const json::value* location = body.if_contains("location");
  if (!location || !location->is_object()) return {};
  const json::object& at = location->get_object();
  if (const std::string path = text_at(at, "path"); !path.empty()) return " (at " + path + ")";
  const json::value* line = at.if_contains("line");
  const json::value* column = at.if_contains("column");
  if (!line || !column) return {};
  return " (line " + canonical_json(*line) + ", column " + canonical_json(*column) + ")";
}

// `error`: what the answer begins with.
ExitCode exit_code_of(int status, std::string_view error) {
  switch (status) {
    case 400:
      return error == "Bad request." ? ExitCode::usage : ExitCode::invalid;
    case 403:
      return ExitCode::not_allowed;
    case 404:
      return ExitCode::not_found;
    case 409:
      return error == "Conflict." ? ExitCode::version_conflict : ExitCode::error;
    case 412:
      return ExitCode::version_conflict;
    case 500:  // Unit's own verdict, unless it was the store
      return error == "Failed to apply new configuration." ? ExitCode::invalid : ExitCode::error;
    case 504:
      return ExitCode::timed_out;
    default:
      return ExitCode::error;
  }
}

}  // namespace

std::string default_state() {
  const char* state = std::getenv("STARLING_STATE");
  return state && *state ? state : "/var/lib/starling";
}

void Target::add_options(CLI::App& command) {
  state = default_state();
  auto* state_option =
      command.add_option("--state", state, "folder of the node whose daemon is asked")->capture_default_str();
  command.add_option("--api", api, "the daemon's API instead: unix:PATH or HOST:PORT")
      ->excludes(state_option);
  command.add_flag("--json", json, "print JSON");
}

Result<Bytes> read_argument(const std::string& file) {
  auto contents = read_file(file);
  if (!contents) return fail(Errc::invalid_argument, contents.error().message);
  return contents;
}

Result<ApiClient> Target::client() const {
  std::string where = api;
  if (where.empty()) {
    LIBP2P_TRY(const NodeConfig config, StateDir(state).load_config());
    if (config.api.empty()) return fail(Errc::not_found, "config.toml lists no API address");
    where = config.api.front();
  }
  LIBP2P_TRY(HttpAddress address, HttpAddress::parse(where));
  return ApiClient(std::move(address));
}

namespace {

// The daemon speaks of queries; whoever reads this has flags.
std::string with_flags(std::string text) {
  constexpr std::array flags{std::pair<std::string_view, std::string_view>{"?force=1", "--force"},
                             std::pair<std::string_view, std::string_view>{"?allow-empty=1", "--allow-empty"},
                             std::pair<std::string_view, std::string_view>{"removed=1", "--removed"}};
  for (const auto& [query, flag] : flags) {
    if (const std::size_t at = text.find(query); at != std::string::npos)
      text.replace(at, query.size(), flag);
  }
  return text;
}

}  // namespace

ExitCode report(const Error& error) {
  std::fprintf(stderr, "starling: %s\n", error.message.c_str());
  switch (error.code) {
    case Errc::not_found:
      return ExitCode::not_found;
    case Errc::invalid_argument:
    case Errc::parse:
      return ExitCode::usage;
    case Errc::refused:
      return ExitCode::not_allowed;
    case Errc::timeout:
      return ExitCode::timed_out;
    default:
      return ExitCode::error;
  }
}

ExitCode report(const ApiReply& reply) {
  const auto body = parse_json(reply.body);
  const json::object* object = body ? body->if_object() : nullptr;
  std::string message = "the daemon answered " + std::to_string(reply.status);
  std::string error;
  if (object) {
    error = text_at(*object, "error");
    if (error.empty()) error = text_at(*object, "title");
    message = error;
    if (const std::string detail = text_at(*object, "detail"); !detail.empty()) message += " " + detail;
    message += location_of(*object);
  }
  std::fprintf(stderr, "starling: %s\n", with_flags(std::move(message)).c_str());
  return exit_code_of(reply.status, error);
}

}  // namespace starling
