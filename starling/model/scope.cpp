#include "starling/model/scope.hpp"

#include <algorithm>

namespace starling {

bool is_layer_name(std::string_view name) {
  constexpr std::size_t longest = 63;
  const auto is_letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > longest || name == base_scope || !is_letter_or_digit(name[0]))
    return false;
  return std::ranges::all_of(
      name, [&](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_scope(std::string_view name) {
  return name == base_scope || name == fleet_scope || is_layer_name(name);
}

json::value unset_tree() { return json::object{{base_scope, empty_document()}}; }

const json::value& scope_document(const json::value& tree, std::string_view scope) {
  static const json::value none = json::object();
  const json::object* scopes = tree.if_object();
  const json::value* document = scopes != nullptr ? scopes->if_contains(scope) : nullptr;
  return document != nullptr ? *document : none;
}

Place place_of(const Path& in_tree) { return {in_tree.front(), {std::next(in_tree.begin()), in_tree.end()}}; }

Path path_in_tree(std::string_view scope, const Path& path) {
  Path in_tree;
  in_tree.reserve(path.size() + 1);
  in_tree.emplace_back(scope);
  in_tree.insert(in_tree.end(), path.begin(), path.end());
  return in_tree;
}

std::string to_text(const Place& place) {
  const std::string pointer = to_pointer(place.path);
  return place.scope == base_scope ? pointer : place.scope + ":" + pointer;
}

}  // namespace starling
