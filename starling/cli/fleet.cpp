#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "starling/changelog/anchor.hpp"
#include "starling/cli/log_access.hpp"
#include "starling/cli/table.hpp"

namespace starling {
namespace {

struct RaiseArguments {
  Target target;
  std::string key;
};

// What holds it back, or nothing.
Result<> may_raise(const json::object& level) {
  std::string behind;
  for (const json::value& name : list(level, "behind")) {
    if (name.is_string()) behind += (behind.empty() ? "" : ", ") + libp2p::printable(name.get_string());
  }
  if (!behind.empty()) {
    return fail(Errc::refused, "not every node is known to run this version: " + behind +
                                   ". Upgrade them, or wait until they have been seen. Nothing has changed.");
  }
  constexpr std::size_t longest = 1024;
  if (const std::string fault = text_at(level, "fault"); !fault.empty()) {
    return fail(Errc::refused,
                "with templates filled in, " + libp2p::printable(fault, longest) + " Nothing has changed.");
  }
  return {};
}

struct Raised {
  std::string level;
  bool already = false;
};

Result<Raised> raise_level(const RaiseArguments& arguments) {
  const StateDir state(arguments.target.state);
  LIBP2P_TRY(const ApiClient client, arguments.target.client());
  LIBP2P_TRY(const ApiReply reply, client.request("GET", "/v1/level"));
  LIBP2P_TRY(const json::object level, object_from(reply));
  const std::string newest = cell(level, "newest");
  if (cell(level, "level") == newest) return Raised{newest, true};
  LIBP2P_CHECK(may_raise(level));
  LIBP2P_TRY(Bytes body, libp2p::from_hex(text_at(level, "anchor")));
  LIBP2P_TRY(const Anchor anchor, Anchor::from_body(body));
  LIBP2P_TRY(const PrivateKey key, signing_key(arguments.key, arguments.target));
  LIBP2P_TRY(const std::unique_ptr<LogAccess> access, open_log(arguments.target, state));
  LIBP2P_CHECK(add_as_admin(*access, key, RecordKind::anchor, std::move(body),
                            "can't raise the level: that takes the fleet's root key, or an admin's; give it "
                            "with --key FILE"));
  return Raised{std::to_string(anchor.merge_level)};
}

}  // namespace

void add_fleet(CLI::App& app, CommandContext& context) {
  CLI::App* fleet = app.add_subcommand("fleet", "what is common to all nodes");
  fleet->require_subcommand(1);
  CLI::App* command = fleet->add_subcommand(
      "raise-level", "let the newest rules of merging hold from now on, once every node knows them");
  auto arguments = std::make_shared<RaiseArguments>();
  arguments->target.add_options(*command);
  command->add_option("--key", arguments->key, signing_key_help);
  command->callback([&context, arguments] {
    const auto raised = raise_level(*arguments);
    if (!raised) {
      context.exit_code = report(raised.error());
      return;
    }
    if (arguments->target.json) {
      std::printf("{\"level\":%s}\n", raised->level.c_str());
    } else {
      std::printf("the fleet is at level %s %s\n", raised->level.c_str(),
                  raised->already ? "already" : "now");
    }
  });
}

}  // namespace starling
