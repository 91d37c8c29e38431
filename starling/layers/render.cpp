#include "starling/layers/render.hpp"

#include "starling/layers/template.hpp"

namespace starling {
namespace {

constexpr std::size_t bytes_per_value = 8;
constexpr std::string_view label_prefix = "node.labels.";
constexpr std::string_view variable_prefix = "vars.";

void lay_over(json::value& below, const json::value& above) {
  json::object* object = below.if_object();
  if (!object || !above.is_object()) {
    below = above;
    return;
  }
  for (const auto& [name, value] : above.get_object()) {
    if (json::value* present = object->if_contains(name)) {
      lay_over(*present, value);
    } else {
      object->emplace(name, value);
    }
  }
}

void collect(const json::value& value, std::set<std::string>& names) {
  if (const json::string* text = value.if_string()) collect_names(*text, names);
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) collect(element, names);
  }
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      collect_names(member.key(), names);
      collect(member.value(), names);
    }
  }
}

// One walk through a document; stops at the first fault, of which it knows where it is.
class Filling {
 public:
  explicit Filling(Resolve resolve) : resolve_(std::move(resolve)) {}

  // False once there is a fault.
  bool value(const json::value& from, json::value& to) {
    if (!take(bytes_per_value)) return false;
    if (const json::string* string = from.if_string()) {
      auto filled = text(*string);
      if (filled) to = *filled;
      return filled.has_value();
    }
    if (const json::array* from_array = from.if_array()) return array(*from_array, to.emplace_array());
    if (const json::object* from_object = from.if_object()) return object(*from_object, to.emplace_object());
    to = from;
    return true;
  }
  [[nodiscard]] const Path& path() const { return path_; }
  [[nodiscard]] std::string& detail() { return detail_; }

 private:
  bool array(const json::array& from, json::array& to) {
    to.reserve(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      path_.push_back(std::to_string(i));
      if (!value(from[i], to.emplace_back(nullptr))) return false;
      path_.pop_back();
    }
    return true;
  }
  bool object(const json::object& from, json::object& to) {
    to.reserve(from.size());
    // In order of name, so that of several faults everybody tells the same.
    std::map<std::string_view, const json::value*> members;
    for (const auto& member : from) members.emplace(member.key(), &member.value());
    for (const auto& [name, member] : members) {
      path_.emplace_back(name);
      const auto filled = text(name);
      if (!filled) return false;
      const auto [place, added] = to.emplace(*filled, nullptr);
      if (!added) return refuse("is \"" + *filled + "\" here, and so is another member's name");
      if (!value(*member, place->value())) return false;
      path_.pop_back();
    }
    return true;
  }
  std::optional<std::string> text(std::string_view from) {
    auto filled = fill_in(from, resolve_, left_);
    if (!filled) {
      detail_ = std::move(filled.error());
      return std::nullopt;
    }
    left_ -= filled->size();
    return std::move(*filled);
  }
  bool take(std::size_t bytes) {
    if (bytes > left_) return refuse("with its templates filled in, the configuration is too large");
    left_ -= bytes;
    return true;
  }
  bool refuse(std::string detail) {
    detail_ = std::move(detail);
    return false;
  }

  Resolve resolve_;
  std::size_t left_ = max_rendered_bytes;
  Path path_;
  std::string detail_;
};

// The scope that brought what stands at `path` of a composed document: the last that has it, since what is
// laid over replaces whatever doesn't merge.
std::string scope_of(const Composed& composed, const json::value& tree, const Path& path) {
  for (auto scope = composed.scopes.rbegin(); scope != composed.scopes.rend(); ++scope) {
    Path place{*scope};
    place.insert(place.end(), path.begin(), path.end());
    if (find(tree, place)) return *scope;
  }
  return std::string(base_scope);
}

}  // namespace

std::vector<std::string> matching(const std::vector<Layer>& layers,
                                  const std::map<std::string, std::string>& labels) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) {
    if (layer.selector.matches(labels)) names.push_back(layer.name);
  }
  return names;
}

Composed compose(const json::value& tree, const std::vector<std::string>& layers) {
  Composed composed;
  composed.scopes.emplace_back(base_scope);
  composed.scopes.insert(composed.scopes.end(), layers.begin(), layers.end());
  composed.document = json::object();
  bool any = false;
  for (const std::string& scope : composed.scopes) {
    if (const json::value* document = find(tree, {scope})) {
      lay_over(composed.document, *document);
      any = true;
    }
  }
  if (!any) composed.document = empty_document();
  return composed;
}

std::set<std::string> names_in(const json::value& document) {
  std::set<std::string> names;
  collect(document, names);
  return names;
}

std::expected<std::string_view, std::string> resolve(std::string_view name, const json::value& tree,
                                                     const NodeFacts& facts) {
  if (name == "node.name") return facts.name;
  if (name == "node.addr") {
    if (facts.addr) return *facts.addr;
    return std::unexpected(
        "stands for nothing: the node knows no address of its own; set `address` in its config.toml");
  }
  if (name.starts_with(label_prefix)) {
    const std::string key(name.substr(label_prefix.size()));
    const auto label = facts.labels.find(key);
    if (label != facts.labels.end()) return label->second;
    return std::unexpected("stands for nothing: the node has no label \"" + key + "\"");
  }
  if (name.starts_with(variable_prefix)) {
    const std::string variable(name.substr(variable_prefix.size()));
    const json::value* value =
        find(tree, {std::string(fleet_scope), std::string(variables_member), variable});
    if (value && value->is_string()) return std::string_view(value->get_string());
    return std::unexpected("stands for nothing: the fleet has no variable \"" + variable + "\"");
  }
  return std::unexpected("stands for nothing: there are node.name, node.labels.KEY, node.addr and vars.NAME");
}

std::expected<json::value, ScopeFault> fill_in(const Composed& composed, const json::value& tree,
                                               const NodeFacts& facts) {
  Filling filling([&](std::string_view name) { return resolve(name, tree, facts); });
  json::value document;
  if (filling.value(composed.document, document)) return document;
  return std::unexpected(
      ScopeFault{scope_of(composed, tree, filling.path()), filling.path(), std::move(filling.detail())});
}

std::expected<json::value, ScopeFault> render(const json::value& tree, const NodeFacts& facts) {
  const auto layers = read_layers(tree);
  if (!layers) return std::unexpected(layers.error());
  return fill_in(compose(tree, matching(*layers, facts.labels)), tree, facts);
}

}  // namespace starling
