#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "starling/cli/command.hpp"
#include "starling/cli/node_options.hpp"
#include "starling/cli/table.hpp"

namespace starling {
namespace {

// The id of the new node.
Result<PeerId> prepare_join(const NodeArguments& arguments, const std::string& text) {
  LIBP2P_TRY(const JoinToken token, JoinToken::parse(text));
  LIBP2P_TRY(NodeConfig config, arguments.config(token.network_key.has_value()));
  config.fleet = token.fleet;
  libp2p::NullLog log;
  libp2p::SystemRuntime runtime(log, 1);
  const StateDir state(arguments.state);
  LIBP2P_TRY(const NewNode node, create_node(state, config, runtime.env().random));
  if (token.network_key) LIBP2P_CHECK(state.save_network_key(*token.network_key));
  LIBP2P_CHECK(state.save_token(token));
  return PeerId::from_public_key(node.identity.public_key());
}

}  // namespace

void add_join(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("join", "prepare this machine to enter a fleet; `run` then does");
  auto arguments = std::make_shared<NodeArguments>();
  auto token = std::make_shared<std::string>();
  arguments->add_options(*command);
  command->add_option("token", *token, "what `init` or `invite` printed")->required();
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "print JSON");
  command->callback([&context, arguments, token, as_json] {
    const auto prepared = prepare_join(*arguments, *token);
    if (!prepared) {
      context.exit_code = report(prepared.error());
      return;
    }
    if (*as_json) print_json({{"peer", prepared->to_string()}});
    std::fprintf(stderr, "Start the node with: starling run --state %s\n", arguments->state.c_str());
  });
}

}  // namespace starling
