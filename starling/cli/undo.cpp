#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>

#include "starling/cli/table.hpp"
#include "starling/cli/write_options.hpp"

namespace starling {
namespace {

struct UndoArguments {
  WriteArguments write;
  std::string to = "HEAD~1";
  std::string change;
  bool yes = false;
  bool dry_run = false;
  bool force = false;
};

void print_whole(const ApiReply& reply) { std::fwrite(reply.body.data(), 1, reply.body.size(), stdout); }

std::string dry(const std::string& target) {
  return target + (target.contains('?') ? "&" : "?") + "dry-run=1";
}

// Where somebody sits in front of it.
bool confirmed() {
  std::fprintf(stderr, "Do this? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

std::string rollback_body(const UndoArguments& arguments) {
  return canonical_json(json::object{{"to", arguments.to}});
}

// Shows what it would do and asks. What was shown is what is done: if the fleet moves in between, it is
// refused.
Result<ExitCode> roll_back(const ApiClient& client, UndoArguments arguments) {
  const std::string target = arguments.write.target_of("/v1/rollback");
  const bool as_json = arguments.write.target.json;
  LIBP2P_TRY(const ApiReply planned,
             arguments.write.send(client, "POST", dry(target), rollback_body(arguments)));
  if (planned.status != 200) return report(planned);
  if (arguments.dry_run && as_json) {
    print_whole(planned);
    return ExitCode::done;
  }
  const auto plan = parse_json(planned.body);
  if (!plan || !plan->is_object()) return fail(Errc::io, "the daemon's answer is no JSON object");
  if (!as_json) print_differences(list(plan->get_object(), "differences"));
  if (arguments.dry_run) return ExitCode::done;
  if (!arguments.yes) {
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0)
      return fail(Errc::invalid_argument,
                  "this is no terminal to ask at: say --yes if it is meant. Nothing has changed");
    if (!confirmed()) return fail(Errc::invalid_argument, "nothing has changed");
  }
  if (arguments.write.if_match.empty()) arguments.write.if_match = cell(plan->get_object(), "present");
  LIBP2P_TRY(const ApiReply reply, arguments.write.send(client, "POST", target, rollback_body(arguments)));
  if (reply.status != 200) return report(reply);
  print_written(reply, as_json);
  return ExitCode::done;
}

Result<ExitCode> revert(const ApiClient& client, const UndoArguments& arguments) {
  std::string target =
      arguments.write.target_of("/v1/changes/" + percent_encoded(arguments.change) + "/revert");
  if (arguments.force) target += target.contains('?') ? "&force=1" : "?force=1";
  if (arguments.dry_run) target = dry(target);
  LIBP2P_TRY(const ApiReply reply, arguments.write.send(client, "POST", target));
  if (reply.status != 200) return report(reply);
  if (!arguments.dry_run) {
    print_written(reply, arguments.write.target.json);
  } else if (arguments.write.target.json) {
    print_whole(reply);
  } else if (const auto plan = parse_json(reply.body); plan && plan->is_object()) {
    print_differences(list(plan->get_object(), "differences"));
  }
  return ExitCode::done;
}

template <class Perform>
void on_run(CLI::App& command, CommandContext& context, std::shared_ptr<UndoArguments> arguments,
            Perform perform) {
  command.callback([&context, arguments, perform] {
    const auto client = arguments->write.target.client();
    const Result<ExitCode> done = client ? perform(*client, *arguments) : std::unexpected(client.error());
    context.exit_code = done ? *done : report(done.error());
  });
}

}  // namespace

void add_undo(CLI::App& app, CommandContext& context) {
  CLI::App* rollback =
      app.add_subcommand("rollback", "back to an earlier state, by a new change; shows first what that does");
  auto of_rollback = std::make_shared<UndoArguments>();
  of_rollback->write.add_options(*rollback);
  rollback->add_option("revision", of_rollback->to, "a revision, a change, or HEAD~N: N changes back")
      ->capture_default_str();
  rollback->add_flag("--yes", of_rollback->yes, "without asking");
  rollback->add_flag("--dry-run", of_rollback->dry_run, "only show it");
  on_run(*rollback, context, of_rollback, roll_back);

  CLI::App* command = app.add_subcommand("revert", "undo what one change did, by a new change");
  auto of_revert = std::make_shared<UndoArguments>();
  of_revert->write.add_options(*command);
  command->add_option("change", of_revert->change, change_help)->required();
  command->add_flag("--force", of_revert->force, "also where it has been changed since");
  command->add_flag("--dry-run", of_revert->dry_run, "only show it");
  on_run(*command, context, of_revert, revert);
}

}  // namespace starling
