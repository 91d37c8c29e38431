#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>

#include "starling/cli/command.hpp"
#include "starling/daemon/files.hpp"
#include "starling/model/document.hpp"

namespace starling {
namespace {

struct ConfigArguments {
  Target target;
  std::string path;
  std::string value;
  std::string file;
  std::string ack;
  std::string timeout;
  std::string message;
  std::string if_match;
  bool allow_empty = false;
};

using Perform = std::function<Result<ApiReply>(const ApiClient&, const ConfigArguments&)>;

// The target of /config with what was asked for besides.
std::string config_target(const std::string& path, const ConfigArguments& arguments) {
  std::string target = "/config";
  if (!path.empty() && path != "/") target += path.starts_with('/') ? path : "/" + path;
  char separator = '?';
  const auto add = [&](const std::string& name, const std::string& value) {
    if (value.empty()) return;
    target += separator + name + "=" + value;
    separator = '&';
  };
  add("ack", arguments.ack);
  add("timeout", arguments.timeout);
  add("allow-empty", arguments.allow_empty ? "1" : "");
  return target;
}

std::map<std::string, std::string> headers_of(const ConfigArguments& arguments) {
  std::map<std::string, std::string> headers;
  if (!arguments.message.empty()) headers.emplace("Starling-Message", arguments.message);
  if (!arguments.if_match.empty()) {
    const bool quoted = arguments.if_match.starts_with('"') || arguments.if_match == "*";
    headers.emplace("If-Match", quoted ? arguments.if_match : '"' + arguments.if_match + '"');
  }
  return headers;
}

void print_written(const ApiReply& reply, bool as_json) {
  const auto change = reply.headers.find("starling-change");
  const std::string id = change == reply.headers.end() ? "" : change->second;
  if (as_json) {
    const json::object object{{"change", id.empty() ? json::value(nullptr) : json::value(id)}};
    std::printf("%s\n", canonical_json(object).c_str());
  } else {
    std::printf("%s\n", id.empty() ? "nothing to change" : id.c_str());
  }
}

void print_value(const ApiReply& reply, bool as_json) {
  const auto value = parse_json(reply.body);
  if (as_json && value) {
    std::printf("%s\n", canonical_json(*value).c_str());
  } else {
    std::fwrite(reply.body.data(), 1, reply.body.size(), stdout);
  }
}

void on_run(CLI::App& command, CommandContext& context, std::shared_ptr<ConfigArguments> arguments,
            Perform perform, void (*print)(const ApiReply&, bool)) {
  command.callback([&context, arguments, perform = std::move(perform), print] {
    const auto client = arguments->target.client();
    const auto reply = client ? perform(*client, *arguments) : std::unexpected(client.error());
    if (!reply) {
      context.exit_code = report(reply.error());
    } else if (reply->status != 200) {
      context.exit_code = report(*reply);
    } else {
      print(*reply, arguments->target.json);
    }
  });
}

std::pair<CLI::App*, std::shared_ptr<ConfigArguments>> add_command(CLI::App& app, const char* name,
                                                                   const char* what, bool writes) {
  CLI::App* command = app.add_subcommand(name, what);
  auto arguments = std::make_shared<ConfigArguments>();
  arguments->target.add_options(*command);
  if (writes) {
    command->add_option("--ack", arguments->ack, "wait for: local, replicated:K or applied:all");
    command->add_option("--timeout", arguments->timeout, "how long to wait: 500ms, 30s, 2m");
    command->add_option("--message", arguments->message, "why, for the history");
    command->add_option(
        "--if-match", arguments->if_match,
        "a revision, as `status` shows it: refuse, with exit code 4, if the fleet has moved on");
    command->add_flag("--allow-empty", arguments->allow_empty, "it is meant to leave no listener");
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
        return client.request("GET", config_target(a.path, a));
      },
      print_value);

  auto [set, set_arguments] = add_command(app, "set", "create or replace a part of the configuration", true);
  set->add_option("path", set_arguments->path, "below /config, as /listeners")->required();
  set->add_option("value", set_arguments->value, "JSON")->required();
  on_run(
      *set, context, set_arguments,
      [](const ApiClient& client, const ConfigArguments& a) {
        return client.request("PUT", config_target(a.path, a), a.value, headers_of(a));
      },
      print_written);

  auto [rm, rm_arguments] = add_command(app, "rm", "remove a part of the configuration", true);
  rm->add_option("path", rm_arguments->path, "below /config, as /listeners")->required();
  on_run(
      *rm, context, rm_arguments,
      [](const ApiClient& client, const ConfigArguments& a) {
        return client.request("DELETE", config_target(a.path, a), {}, headers_of(a));
      },
      print_written);

  auto [apply, apply_arguments] =
      add_command(app, "apply", "replace the whole configuration by a file's", true);
  apply->add_option("file", apply_arguments->file, "JSON")->required();
  on_run(
      *apply, context, apply_arguments,
      [](const ApiClient& client, const ConfigArguments& a) -> Result<ApiReply> {
        LIBP2P_TRY(const Bytes contents, read_file(a.file));
        return client.request("PUT", config_target("", a), libp2p::as_text(contents), headers_of(a));
      },
      print_written);

  auto [publish, publish_arguments] =
      add_command(app, "publish", "make a change of what this node's data plane runs", true);
  on_run(
      *publish, context, publish_arguments,
      [](const ApiClient& client, const ConfigArguments& a) {
        return client.request("POST", config_target("", a), {}, headers_of(a));
      },
      print_written);
}

}  // namespace starling
