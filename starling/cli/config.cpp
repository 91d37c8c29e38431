#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>

#include "starling/cli/ask.hpp"
#include "starling/cli/write_options.hpp"
#include "starling/model/document.hpp"

namespace starling {
namespace {

struct ConfigArguments {
  WriteArguments write;
  std::string path;
  std::string value;
  std::string file;
};

using Ask = std::function<Result<ApiReply>(const ApiClient&, const ConfigArguments&)>;

std::string config_path(const std::string& path) {
  std::string target = "/config";
  if (!path.empty() && path != "/") target += path.starts_with('/') ? path : "/" + path;
  return target;
}

void on_run(CLI::App& command, CommandContext& context, std::shared_ptr<ConfigArguments> arguments, Ask ask,
            Print print) {
  command.callback([&context, arguments, ask = std::move(ask), print] {
    context.exit_code = perform(
        arguments->write.target, [&](const ApiClient& client) { return ask(client, *arguments); }, print);
  });
}

std::pair<CLI::App*, std::shared_ptr<ConfigArguments>> add_command(CLI::App& app, const char* name,
                                                                   const char* what, bool writes) {
  CLI::App* command = app.add_subcommand(name, what);
  auto arguments = std::make_shared<ConfigArguments>();
  if (writes) {
    arguments->write.add_options(*command);
    command->add_option("--base", arguments->write.base,
                        "the revision that you worked from: merge with what has come since");
  } else {
    arguments->write.target.add_options(*command);
  }
  return {command, std::move(arguments)};
}

}  // namespace

void add_config(CLI::App& app, CommandContext& context) {
  auto [get, get_arguments] = add_command(app, "get", "print a part of the configuration", false);
  get->add_option("path", get_arguments->path, "below /config, as /listeners");
  on_run(
      *get, context, get_arguments,
      [](const ApiClient& client, const ConfigArguments& a) {
        return client.request("GET", a.write.target_of(config_path(a.path)));
      },
      print_value);

  auto [set, set_arguments] = add_command(app, "set", "create or replace a part of the configuration", true);
  set->add_option("path", set_arguments->path, "below /config, as /listeners")->required();
  set->add_option("value", set_arguments->value, "JSON")->required();
  on_run(
      *set, context, set_arguments,
      [](const ApiClient& client, const ConfigArguments& a) {
        return a.write.send(client, "PUT", a.write.target_of(config_path(a.path)), a.value);
      },
      print_written);

  auto [rm, rm_arguments] = add_command(app, "rm", "remove a part of the configuration", true);
  rm->add_option("path", rm_arguments->path, "below /config, as /listeners")->required();
  on_run(
      *rm, context, rm_arguments,
      [](const ApiClient& client, const ConfigArguments& a) {
        return a.write.send(client, "DELETE", a.write.target_of(config_path(a.path)));
      },
      print_written);

  auto [apply, apply_arguments] =
      add_command(app, "apply", "replace the whole configuration by a file's", true);
  apply->add_option("file", apply_arguments->file, "JSON")->required();
  on_run(
      *apply, context, apply_arguments,
      [](const ApiClient& client, const ConfigArguments& a) -> Result<ApiReply> {
        LIBP2P_TRY(const Bytes contents, read_argument(a.file));
        return a.write.send(client, "PUT", a.write.target_of(config_path("")), libp2p::as_text(contents));
      },
      print_written);

  auto [publish, publish_arguments] =
      add_command(app, "publish", "make a change of what this node's data plane runs", true);
  on_run(
      *publish, context, publish_arguments,
      [](const ApiClient& client, const ConfigArguments& a) {
        return a.write.send(client, "POST", a.write.target_of(config_path("")));
      },
      print_written);
}

}  // namespace starling
