#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <memory>

#include "starling/cli/table.hpp"
#include "starling/cli/write_options.hpp"

namespace starling {
namespace {

struct ChangeArguments {
  WriteArguments write;
  std::string scope = "base";
  bool dry_run = false;
  json::array edits;  // in the order in which they were given
};

Result<json::object> edit_at(const ChangeArguments& arguments, std::string_view path, const char* op) {
  LIBP2P_TRY(const Path parsed, parse_url_path(path));
  return json::object{{"scope", arguments.scope}, {"path", to_pointer(parsed)}, {"op", op}};
}

// "PATH=VALUE"; the path ends at the first "=" (one of its own is written %3D).
Result<json::object> edit_with_value(const ChangeArguments& arguments, std::string_view text,
                                     const char* op) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return fail(Errc::invalid_argument, "PATH=VALUE, not " + libp2p::printable(text));
  LIBP2P_TRY(json::object edit, edit_at(arguments, text.substr(0, equals), op));
  auto value = parse_json(text.substr(equals + 1));
  if (!value) {
    return fail(Errc::invalid_argument, "the value of " + libp2p::printable(text.substr(0, equals)) +
                                            " is not JSON: " + value.error().message +
                                            " (a text stands in double quotes)");
  }
  edit["value"] = std::move(*value);
  return edit;
}

// Each occurrence is one edit.
struct EditOption {
  const char* flag;
  const char* op;
  const char* what;
  Result<json::object> (*make)(const ChangeArguments&, std::string_view, const char*);
};
constexpr std::array edit_options{
    EditOption{"--set", "set", "PATH=VALUE: create or replace; VALUE is JSON", edit_with_value},
    EditOption{"--append", "append", "PATH=VALUE: one more element of the array there", edit_with_value},
    EditOption{"--rm", "remove", "PATH: remove", edit_at},
};

// `arguments` must live as long as the command, and so must `option`.
void add_edit_option(CLI::App& command, ChangeArguments& arguments, const EditOption& option) {
  command
      .add_option_function<std::vector<std::string>>(
          option.flag,
          [&arguments, &option](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              auto edit = option.make(arguments, text, option.op);
              if (!edit) throw CLI::ValidationError(edit.error().message);
              arguments.edits.push_back(std::move(*edit));
            }
          },
          option.what)
      ->expected(1)
      ->trigger_on_parse()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Result<ExitCode> perform(const ChangeArguments& arguments) {
  if (arguments.edits.empty())
    return fail(Errc::invalid_argument, "nothing to change: give --set, --rm or --append");
  LIBP2P_TRY(const ApiClient client, arguments.write.target.client());
  json::array edits = arguments.edits;
  for (json::value& edit : edits) edit.as_object()["scope"] = arguments.scope;
  std::string target = arguments.write.target_of("/v1/changes");
  if (arguments.dry_run) target += target.contains('?') ? "&dry-run=1" : "?dry-run=1";
  LIBP2P_TRY(const ApiReply reply,
             arguments.write.send(client, "POST", target,
                                  canonical_json(json::object{{"edits", std::move(edits)}})));
  if (reply.status != 200) return report(reply);
  if (!arguments.dry_run) {
    print_written(reply, arguments.write.target.json);
  } else if (arguments.write.target.json) {
    std::fwrite(reply.body.data(), 1, reply.body.size(), stdout);
  } else if (const auto plan = parse_json(reply.body); plan && plan->is_object()) {
    print_differences(list(plan->get_object(), "differences"));
  }
  return ExitCode::done;
}

}  // namespace

void add_change(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("change", "several edits as one change, in the order given: all or none");
  auto arguments = std::make_shared<ChangeArguments>();
  arguments->write.add_options(*command);
  command->add_option("--base", arguments->write.base,
                      "the revision that you worked from: merge with what has come since");
  command->add_option("--scope", arguments->scope, "whose paths they are: base, @fleet or a layer")
      ->capture_default_str();
  for (const EditOption& option : edit_options) add_edit_option(*command, *arguments, option);
  command->add_flag("--dry-run", arguments->dry_run, "only show it");
  command->callback([&context, arguments] {
    const Result<ExitCode> done = perform(*arguments);
    context.exit_code = done ? *done : report(done.error());
  });
}

}  // namespace starling
