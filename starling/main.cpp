#include <CLI/CLI.hpp>

#include "starling/cli/command.hpp"

int main(int argc, char** argv) {
  CLI::App app(
      "Starling keeps the configuration of a fleet of NGINX Unit servers in step, with no controller.");
  app.require_subcommand(1);
  starling::CommandContext context;
  starling::add_init(app, context);
  starling::add_invite(app, context);
  starling::add_grant(app, context);
  starling::add_fleet(app, context);
  starling::add_label(app, context);
  starling::add_layers(app, context);
  starling::add_variables(app, context);
  starling::add_join(app, context);
  starling::add_run(app, context);
  starling::add_views(app, context);
  starling::add_events(app, context);
  starling::add_config(app, context);
  starling::add_change(app, context);
  starling::add_history(app, context);
  starling::add_undo(app, context);
  starling::add_conflicts(app, context);
  starling::add_log(app, context);
  starling::add_backup(app, context);
  starling::add_restore(app, context);
  starling::add_version(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(starling::ExitCode::usage);
  }
  return static_cast<int>(context.exit_code);
}
