#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "starling/cli/table.hpp"
#include "starling/cli/write_options.hpp"

namespace starling {
namespace {

void print_conflicts(const json::object& body) {
  std::vector<Row> rows{{"CONFLICT", "PATH", "KIND", "STANDS", "LOST", "WINNER", "LOSER"}};
  for (const json::value& value : list(body, "conflicts")) {
    const json::object& conflict = value.as_object();
    rows.push_back({cell(conflict, "id"), place_cell(conflict), cell(conflict, "kind"),
                    cell(conflict, "stands"), cell(conflict, "mine"), cell(conflict, "winner"),
                    cell(conflict, "loser")});
  }
  print_table(rows);
}

struct ConflictArguments {
  WriteArguments write;
  std::string id;
};

void add_settling(CLI::App& app, CommandContext& context, const char* name, const char* what) {
  CLI::App* command = app.add_subcommand(name, what);
  auto arguments = std::make_shared<ConflictArguments>();
  arguments->write.add_options(*command);
  command->add_option("conflict", arguments->id, "as `conflicts` shows it")->required();
  command->callback([&context, arguments, name = std::string(name)] {
    const auto client = arguments->write.target.client();
    const auto reply =
        client
            ? arguments->write.send(
                  *client, "POST",
                  arguments->write.target_of("/v1/conflicts/" + percent_encoded(arguments->id) + "/" + name))
            : std::unexpected(client.error());
    if (!reply) {
      context.exit_code = report(reply.error());
    } else if (reply->status != 200) {
      context.exit_code = report(*reply);
    } else {
      print_written(*reply, arguments->write.target.json);
    }
  });
}

}  // namespace

void add_conflicts(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("conflicts", "concurrent changes of the same thing: what stands, and what lost");
  auto target = std::make_shared<Target>();
  target->add_options(*command);
  command->callback(
      [&context, target] { context.exit_code = show(*target, "/v1/conflicts", print_conflicts); });
  add_settling(app, context, "reapply", "settle a conflict: what lost is applied after all");
  add_settling(app, context, "keep", "settle a conflict: what stands stays");
}

}  // namespace starling
