#include <CLI/CLI.hpp>
#include <memory>

#include "starling/cli/command.hpp"

namespace starling {

void add_run(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("run", "the daemon, in the foreground");
  auto state = std::make_shared<std::string>(default_state());
  command->add_option("--state", *state, "folder that `init` or `join` made")->capture_default_str();
  command->callback([&context, state] { context.exit_code = run_daemon(StateDir(*state)); });
}

void add_version(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("version", "the version of this program");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "print JSON");
  command->callback([&context, as_json] {
    const std::string number(version);
    std::printf(*as_json ? "{\"version\":\"%s\"}\n" : "starling %s\n", number.c_str());
    context.exit_code = ExitCode::done;
  });
}

}  // namespace starling
