#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "starling/cli/ask.hpp"
#include "starling/cli/table.hpp"
#include "starling/cli/write_options.hpp"

namespace starling {
namespace {

struct LayerArguments {
  WriteArguments write;
  std::string name;
  std::string path;
  std::string value;
  std::string selector;
  std::optional<std::int64_t> priority;

  [[nodiscard]] std::string layer() const { return "/v1/layers/" + percent_encoded(name); }
  [[nodiscard]] std::string config() const {
    std::string whole = layer() + "/config";
    if (path.empty() || path == "/") return whole;
    return whole + (path.starts_with('/') ? path : "/" + path);
  }
  [[nodiscard]] std::string variable() const { return "/v1/variables/" + percent_encoded(name); }
};

using Ask = Result<ApiReply> (*)(const ApiClient&, const LayerArguments&);

// A command that writes, or prints a value.
CLI::App* add_command(CLI::App& app, CommandContext& context, const char* name, const char* what,
                      const std::shared_ptr<LayerArguments>& arguments, Ask ask, Print print) {
  CLI::App* command = app.add_subcommand(name, what);
  if (print == print_written) {
    arguments->write.add_options(*command);
  } else {
    arguments->write.target.add_options(*command);
  }
  command->callback([&context, arguments, ask, print] {
    context.exit_code = perform(
        arguments->write.target, [&](const ApiClient& client) { return ask(client, *arguments); }, print);
  });
  return command;
}

void add_list(CLI::App& app, CommandContext& context, const char* what, const char* target,
              void (*print)(const json::object&)) {
  CLI::App* command = app.add_subcommand("list", what);
  auto options = std::make_shared<Target>();
  options->add_options(*command);
  command->callback(
      [&context, options, target, print] { context.exit_code = show(*options, target, print); });
}

void print_layers(const json::object& body) {
  std::vector<Row> rows{{"NAME", "PRIORITY", "SELECTOR", "NODES"}};
  for (const json::value& value : list(body, "layers")) {
    const json::object& layer = value.as_object();
    std::string nodes;
    for (const json::value& node : list(layer, "nodes")) {
      if (node.is_string()) nodes += (nodes.empty() ? "" : " ") + libp2p::printable(node.get_string());
    }
    rows.push_back(
        {cell(layer, "name"), cell(layer, "priority"), cell(layer, "selector"), nodes.empty() ? "-" : nodes});
  }
  print_table(rows);
}

void print_variables(const json::object& body) {
  std::vector<Row> rows{{"NAME", "VALUE"}};
  const json::value* variables = body.if_contains("variables");
  if (!variables || !variables->is_object()) return;
  for (const auto& variable : variables->get_object())
    rows.push_back({libp2p::printable(variable.key()), cell(variables->get_object(), variable.key())});
  print_table(rows);
}

void add_layer_config(CLI::App& layer, CommandContext& context) {
  auto get_arguments = std::make_shared<LayerArguments>();
  CLI::App* get = add_command(
      layer, context, "get", "print a part of what a layer holds", get_arguments,
      [](const ApiClient& client, const LayerArguments& a) { return client.request("GET", a.config()); },
      print_value);
  get->add_option("name", get_arguments->name, "of the layer")->required();
  get->add_option("path", get_arguments->path, "as below /config: /listeners");

  auto put_arguments = std::make_shared<LayerArguments>();
  CLI::App* put = add_command(
      layer, context, "put",
      "create or replace a part of what a layer holds; what is missing above it is made", put_arguments,
      [](const ApiClient& client, const LayerArguments& a) {
        return a.write.send(client, "PUT", a.write.target_of(a.config()), a.value);
      },
      print_written);
  put->add_option("name", put_arguments->name, "of the layer")->required();
  put->add_option("path", put_arguments->path, "as below /config: /listeners")->required();
  put->add_option("value", put_arguments->value, "JSON")->required();

  auto rm_arguments = std::make_shared<LayerArguments>();
  CLI::App* rm = add_command(
      layer, context, "rm", "remove a layer, or a part of what it holds", rm_arguments,
      [](const ApiClient& client, const LayerArguments& a) {
        return a.write.send(client, "DELETE", a.write.target_of(a.path.empty() ? a.layer() : a.config()));
      },
      print_written);
  rm->add_option("name", rm_arguments->name, "of the layer")->required();
  rm->add_option("path", rm_arguments->path, "as below /config: /listeners");
}

}  // namespace

void add_layers(CLI::App& app, CommandContext& context) {
  CLI::App* layer = app.add_subcommand("layer", "parts of the configuration for the nodes with some labels");
  layer->require_subcommand(1);
  add_list(*layer, context, "the layers, lowest first, and the nodes that each selects", "/v1/layers",
           print_layers);
  auto set_arguments = std::make_shared<LayerArguments>();
  CLI::App* set = add_command(
      *layer, context, "set", "make a layer, or change which nodes it selects", set_arguments,
      [](const ApiClient& client, const LayerArguments& a) {
        json::object body{{"selector", a.selector}};
        if (a.priority) body["priority"] = *a.priority;
        return a.write.send(client, "PUT", a.write.target_of(a.layer()), canonical_json(body));
      },
      print_written);
  set->add_option("name", set_arguments->name, "of the layer")->required();
  set->add_option("--selector", set_arguments->selector,
                  "labels that nodes must have: site=syd,tier!=db,edge; \"\" selects every node")
      ->required();
  set->add_option("--priority", set_arguments->priority,
                  "0 to 1000; of two layers the higher lies on top (default: as it is, 0 for a new one)");
  add_layer_config(*layer, context);
}

void add_variables(CLI::App& app, CommandContext& context) {
  CLI::App* variable =
      app.add_subcommand("var", "variables of the fleet: {{vars.NAME}} in its configuration");
  variable->require_subcommand(1);
  add_list(*variable, context, "the variables", "/v1/variables", print_variables);
  auto set_arguments = std::make_shared<LayerArguments>();
  CLI::App* set = add_command(
      *variable, context, "set", "make or change a variable", set_arguments,
      [](const ApiClient& client, const LayerArguments& a) {
        return a.write.send(client, "PUT", a.write.target_of(a.variable()),
                            canonical_json(json::value(a.value)));
      },
      print_written);
  set->add_option("name", set_arguments->name, "of the variable")->required();
  set->add_option("value", set_arguments->value, "text")->required();
  auto rm_arguments = std::make_shared<LayerArguments>();
  CLI::App* rm = add_command(
      *variable, context, "rm", "remove a variable", rm_arguments,
      [](const ApiClient& client, const LayerArguments& a) {
        return a.write.send(client, "DELETE", a.write.target_of(a.variable()));
      },
      print_written);
  rm->add_option("name", rm_arguments->name, "of the variable")->required();
}

}  // namespace starling
