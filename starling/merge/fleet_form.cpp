#include "starling/merge/fleet_form.hpp"

#include <algorithm>
#include <ranges>

#include "starling/merge/wording.hpp"
#include "starling/model/fleet_scope.hpp"
#include "starling/model/scope.hpp"

namespace starling {
namespace {

using Fault = std::optional<Invalid>;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "key", "key=value", "key!=value"
bool is_term(std::string_view term) {
  const std::size_t equals = term.find('=');
  std::string_view key = term.substr(0, equals);
  if (equals == std::string_view::npos) return check_label_key(key).has_value();
  if (key.ends_with('!')) key.remove_suffix(1);
  return check_label(key, term.substr(equals + 1)).has_value();
}

// No term at all selects every node.
bool is_selector(std::string_view text) {
  const auto commas = static_cast<std::size_t>(std::ranges::count(text, ','));
  if (text.size() > max_selector_bytes || commas >= max_selector_terms) return false;
  if (trimmed(text).empty()) return true;
  return std::ranges::all_of(text | std::views::split(','), [](const auto& term) {
    return is_term(trimmed(std::string_view(term.begin(), term.end())));
  });
}

Fault wrong_type(Path path, std::string_view expected, const json::value& value) {
  std::string detail = "The " + in_quotes(path.back()) + " value must be " + std::string(expected) +
                       ", but not " + std::string(unit_type(value)) + ".";
  return Invalid{std::move(path), std::move(detail)};
}

Fault unknown(Path path, std::string_view name) {
  return Invalid{std::move(path), "Unknown parameter " + in_quotes(name) + "."};
}

std::vector<std::string_view> sorted_names(const json::object& object) {
  std::vector<std::string_view> names;
  for (const auto& member : object) names.push_back(member.key());
  std::ranges::sort(names);
  return names;
}

Fault layer_fault(const Path& path, const json::value& value) {
  if (!is_layer_name(path.back())) {
    return Invalid{
        path,
        "A layer's name is 1 to 63 of a-z, 0-9, dot, underscore and hyphen, begins with a letter or "
        "digit, and is not \"base\"."};
  }
  const json::object* layer = value.if_object();
  if (layer == nullptr) return wrong_type(path, "an object", value);
  for (const std::string_view name : sorted_names(*layer)) {
    Path place = path;
    place.emplace_back(name);
    const json::value& member = layer->at(name);
    if (name == selector_member) {
      if (!member.is_string()) return wrong_type(std::move(place), "a string", member);
      if (!is_selector(member.get_string()))
        return Invalid{std::move(place),
                       "A selector is terms like key=value, key!=value and key, with commas between."};
    } else if (name == priority_member) {
      if (!layer_priority(member))
        return Invalid{std::move(place), "A layer's priority is an integer from 0 to 1000."};
    } else {
      return unknown(path, name);
    }
  }
  if (!layer->contains(selector_member)) return Invalid{path, "The layer has no \"selector\"."};
  return std::nullopt;
}

Fault variable_fault(const Path& path, const json::value& value) {
  const std::string& name = path.back();
  if (!check_variable_name(name))
    return Invalid{path, "A variable's name is 1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen."};
  if (!value.is_string()) return wrong_type(path, "a string", value);
  return std::nullopt;
}

}  // namespace

std::optional<Invalid> fleet_scope_fault(const json::value& document) {
  const json::object* sections = document.if_object();
  if (sections == nullptr) {
    return Invalid{
        {}, "The scope \"@fleet\" must be an object, but not " + std::string(unit_type(document)) + "."};
  }
  for (const std::string_view section : sorted_names(*sections)) {
    if (section != layers_member && section != variables_member) return unknown({}, section);
    Path path{std::string(section)};
    const json::value& value = sections->at(section);
    const json::object* members = value.if_object();
    if (members == nullptr) return wrong_type(std::move(path), "an object", value);
    if (section == layers_member && members->size() > max_layers)
      return Invalid{std::move(path), "There are at most 1024 layers."};
    for (const std::string_view name : sorted_names(*members)) {
      path.emplace_back(name);
      const json::value& member = members->at(name);
      if (auto fault = section == layers_member ? layer_fault(path, member) : variable_fault(path, member))
        return fault;
      path.pop_back();
    }
  }
  return std::nullopt;
}

}  // namespace starling
