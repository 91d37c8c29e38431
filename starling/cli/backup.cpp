#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "libp2p/base/system_runtime.hpp"
#include "starling/backup/restore.hpp"
#include "starling/cli/command.hpp"
#include "starling/model/document.hpp"

namespace starling {
namespace {

struct BackupArguments {
  std::string file;
  std::string state = default_state();
  bool log_only = false;
  bool dry_run = false;
  bool json = false;
};

std::uint64_t now_ms() {
  libp2p::NullLog log;
  libp2p::SystemRuntime runtime(log, 1);
  return static_cast<std::uint64_t>(runtime.env().clock.wall().time_since_epoch().count());
}

// What the file says wrongly is no wrong use of the command.
ExitCode report_backup(const Error& error) {
  const ExitCode code = report(error);
  const bool damaged = error.code == Errc::parse || error.code == Errc::crypto || error.code == Errc::limit;
  return damaged ? ExitCode::invalid : code;
}

void print(const json::object& facts, bool as_json) {
  if (as_json) {
    std::printf("%s\n", canonical_json(facts).c_str());
    return;
  }
  for (const auto& [name, value] : facts) {
    const std::string text = value.is_string() ? std::string(value.get_string()) : canonical_json(value);
    std::printf("%s %s\n", std::string(name).c_str(), text.c_str());
  }
}

json::object described(const Backup& backup) {
  json::object facts{{"fleet", to_cid(backup.fleet)}};
  if (backup.node) facts["peer"] = backup.node->peer.to_string();
  facts["records"] = backup.records.size();
  return facts;
}

ExitCode back_up(const BackupArguments& arguments) {
  const StateDir state(arguments.state);
  const auto backup = take_backup(state, !arguments.log_only, now_ms(), STARLING_VERSION);
  if (!backup) return report(backup.error());
  if (const auto saved = save_backup(arguments.file, *backup); !saved) return report(saved.error());
  print(described(*backup), arguments.json);
  if (backup->node) {
    std::fprintf(stderr,
                 "%s holds this node's keys: whoever has it can act as this node. The fleet's root key is "
                 "not in it.\n",
                 arguments.file.c_str());
  }
  return ExitCode::done;
}

ExitCode restore_records(const BackupArguments& arguments, const Backup& backup) {
  const auto missing = restore_log(backup, StateDir(arguments.state), arguments.dry_run);
  if (!missing) return report_backup(missing.error());
  print({{"fleet", to_cid(backup.fleet)},
         {"added", missing->records.size()},
         {"held", missing->held},
         {"waiting", missing->waiting}},
        arguments.json);
  if (missing->waiting > 0) {
    std::fprintf(stderr, "Those that wait depend on records that neither the backup nor this node holds.\n");
  }
  return ExitCode::done;
}

ExitCode restore_state(const BackupArguments& arguments, const Backup& backup) {
  const auto done =
      arguments.dry_run ? check_restore(backup, arguments.state) : restore_node(backup, arguments.state);
  // A rehearsal looks at the backup: a node that is there now need not be moved away for that.
  const bool in_the_way = !done && done.error().code == Errc::exists;
  if (!done && !(arguments.dry_run && in_the_way)) return report(done.error());
  print(described(backup), arguments.json);
  if (in_the_way)
    std::fprintf(stderr, "It could not be restored there now: %s\n", done.error().message.c_str());
  if (!arguments.dry_run) {
    std::fprintf(
        stderr,
        "Start the node with: starling run --state %s\n"
        "See that the one it was taken from runs no more: two nodes of one identity disturb each other.\n",
        arguments.state.c_str());
  }
  return ExitCode::done;
}

ExitCode restore(const BackupArguments& arguments) {
  const auto backup = load_backup(arguments.file);
  if (!backup) {
    const bool unreadable = backup.error().code == Errc::not_found || backup.error().code == Errc::io;
    return unreadable ? report(Error{Errc::invalid_argument, backup.error().message})
                      : report_backup(backup.error());
  }
  const ExitCode code =
      arguments.log_only ? restore_records(arguments, *backup) : restore_state(arguments, *backup);
  if (code == ExitCode::done && arguments.dry_run) {
    std::fprintf(stderr, "The backup is in order. Nothing has been written.\n");
  }
  return code;
}

std::shared_ptr<BackupArguments> add_arguments(CLI::App& command, const char* file, const char* state) {
  auto arguments = std::make_shared<BackupArguments>();
  command.add_option("file", arguments->file, file)->required();
  command.add_option("--state", arguments->state, state)->capture_default_str();
  command.add_flag("--json", arguments->json, "print JSON");
  return arguments;
}

}  // namespace

void add_backup(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("backup", "keep a node, or the fleet's log, in a file; its daemon may run");
  const auto arguments = add_arguments(*command, "a new file: a tar archive", "folder of the node");
  command->add_flag("--log-only", arguments->log_only, "the fleet's records only, and no key");
  command->callback([&context, arguments] { context.exit_code = back_up(*arguments); });
}

void add_restore(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("restore", "make a node again of what `backup` kept");
  const auto arguments =
      add_arguments(*command, "what `backup` wrote", "the folder to make; it must not be there yet");
  command->add_flag("--log-only", arguments->log_only,
                    "give the node that is in the folder the records it lacks; its daemon must not run");
  command->add_flag("--dry-run", arguments->dry_run,
                    "verify everything, say what would be done, write nothing");
  command->callback([&context, arguments] { context.exit_code = restore(*arguments); });
}

}  // namespace starling
