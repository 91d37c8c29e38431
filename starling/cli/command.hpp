// What all commands share: where they find their node, how they print, how they end.
#pragma once

#include <string>

#include "starling/cli/api_client.hpp"
#include "starling/daemon/daemon.hpp"

namespace CLI {
class App;
}

namespace starling {

// Set by the command that ran; the process's exit code.
struct CommandContext {
  ExitCode exit_code = ExitCode::done;
};

// One function a command: declares its options and what it does.
void add_backup(CLI::App& app, CommandContext& context);
void add_grant(CLI::App& app, CommandContext& context);
void add_init(CLI::App& app, CommandContext& context);
void add_invite(CLI::App& app, CommandContext& context);
void add_layers(CLI::App& app, CommandContext& context);
void add_variables(CLI::App& app, CommandContext& context);
void add_events(CLI::App& app, CommandContext& context);
void add_fleet(CLI::App& app, CommandContext& context);  // raise-level
void add_label(CLI::App& app, CommandContext& context);
void add_join(CLI::App& app, CommandContext& context);
void add_restore(CLI::App& app, CommandContext& context);
void add_run(CLI::App& app, CommandContext& context);
void add_version(CLI::App& app, CommandContext& context);
void add_views(CLI::App& app, CommandContext& context);      // status, nodes, alarms
void add_config(CLI::App& app, CommandContext& context);     // get, set, rm, apply, publish
void add_log(CLI::App& app, CommandContext& context);        // fork, discard, repropose, anchor, checkpoint
void add_change(CLI::App& app, CommandContext& context);     // several edits at once
void add_history(CLI::App& app, CommandContext& context);    // history, show, diff, blame
void add_undo(CLI::App& app, CommandContext& context);       // rollback, revert
void add_conflicts(CLI::App& app, CommandContext& context);  // conflicts, reapply

// `--state DIR` or `--api API`, and `--json`.
struct Target {
  std::string state;
  std::string api;
  bool json = false;

  void add_options(CLI::App& command);
  // The API named by --api, else the first in the state's config.toml.
  [[nodiscard]] Result<ApiClient> client() const;
};

[[nodiscard]] std::string default_state();

// A file that was named at the command line. Errors: invalid_argument, if it can't be read.
[[nodiscard]] Result<Bytes> read_argument(const std::string& file);

// Says it on standard error and gives back the exit code that fits.
ExitCode report(const Error& error);
// The same for an answer of the API that is no success.
ExitCode report(const ApiReply& reply);

}  // namespace starling
