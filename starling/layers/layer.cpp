#include "starling/layers/layer.hpp"

#include <algorithm>
#include <map>

namespace starling {
namespace {

ScopeFault fault_at(Path path, std::string detail) {
  return {std::string(fleet_scope), std::move(path), std::move(detail)};
}

// What an object has besides, the first by name.
template <class... Known>
std::optional<std::string> unknown_member(const json::object& object, Known... known) {
  std::optional<std::string> unknown;
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (((name != known) && ...) && (!unknown || name < *unknown)) unknown = name;
  }
  return unknown;
}

void make_canonical(json::value& selector) {
  if (!selector.is_string()) return;
  if (const auto parsed = Selector::parse(selector.get_string())) selector = parsed->to_string();
}

// Calls it for each member of `value`, if that is an object, which `name` names, or for each if that is
// empty.
template <class Call>
void for_members(json::value& value, std::string_view name, Call call) {
  json::object* object = value.if_object();
  if (!object) return;
  for (auto&& member : *object) {
    if (name.empty() || member.key() == name) call(member.value());
  }
}

}  // namespace

Result<> check_layer_name(std::string_view name) {
  if (is_layer_name(name)) return {};
  return fail(
      Errc::invalid_argument,
      "a layer's name has 1 to 63 of the characters a-z 0-9 . _ -, a letter or digit first, and is not "
      "\"base\": not \"" +
          libp2p::printable(name) + "\"");
}

json::value layer_json(const Layer& layer) {
  return json::object{{selector_member, layer.selector.to_string()}, {priority_member, layer.priority}};
}

json::value with_canonical_selectors(const Path& path, json::value value) {
  const auto in_layer = [](json::value& layer) { for_members(layer, selector_member, make_canonical); };
  const auto in_layers = [&](json::value& layers) { for_members(layers, {}, in_layer); };
  if (path.empty()) {
    for_members(value, layers_member, in_layers);
  } else if (path.front() == layers_member) {
    if (path.size() == 1) in_layers(value);
    if (path.size() == 2) in_layer(value);
    if (path.size() == 3 && path[2] == selector_member) make_canonical(value);
  }
  return value;
}

std::expected<Layer, ScopeFault> read_layer(std::string_view name, const json::value& definition) {
  const Path place{std::string(layers_member), std::string(name)};
  const auto wrong = [&place](std::string_view member, std::string detail) {
    Path path = place;
    if (!member.empty()) path.emplace_back(member);
    return std::unexpected(fault_at(std::move(path), std::move(detail)));
  };
  if (const auto sound = check_layer_name(name); !sound) return wrong("", sound.error().message);
  const json::object* object = definition.if_object();
  if (!object) return wrong("", R"(a layer is an object: {"selector": "site=syd", "priority": 10})");
  Layer layer{std::string(name), {}, 0};
  const json::value* selector = object->if_contains(selector_member);
  if (!selector || !selector->is_string())
    return wrong(selector_member, "a layer has a selector, a string: \"\" selects every node");
  auto parsed = Selector::parse(selector->get_string());
  if (!parsed) return wrong(selector_member, parsed.error().message);
  layer.selector = std::move(*parsed);
  if (const json::value* priority = object->if_contains(priority_member)) {
    const auto number = layer_priority(*priority);
    if (!number) return wrong(priority_member, "a priority is an integer from 0 to 1000");
    layer.priority = *number;
  }
  if (const auto unknown = unknown_member(*object, selector_member, priority_member))
    return wrong(*unknown, "a layer has no such member");
  return layer;
}

std::expected<std::vector<Layer>, ScopeFault> read_layers(const json::value& tree) {
  std::vector<Layer> layers;
  const Path place{std::string(layers_member)};
  const json::value* defined = find(tree, {std::string(fleet_scope), std::string(layers_member)});
  if (!defined) return layers;
  const json::object* object = defined->if_object();
  if (!object) return std::unexpected(fault_at(place, "what holds the layers is an object"));
  if (object->size() > max_layers) return std::unexpected(fault_at(place, "there are at most 1024 layers"));
  std::map<std::string_view, const json::value*> by_name;
  for (const auto& member : *object) by_name.emplace(member.key(), &member.value());
  for (const auto& [name, definition] : by_name) {
    auto layer = read_layer(name, *definition);
    if (!layer) return std::unexpected(std::move(layer.error()));
    layers.push_back(std::move(*layer));
  }
  std::ranges::sort(
      layers, {}, [](const Layer& layer) { return std::pair(layer.priority, std::string_view(layer.name)); });
  return layers;
}

}  // namespace starling
