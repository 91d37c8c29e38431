// Scopes: the parts of a fleet's desired state. All of them are one tree, in which the first segment of every
// path is the scope: {"base": {…}, "edge": {…}, "@fleet": {…}}.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "starling/model/document.hpp"

namespace starling {

// What every node gets.
inline constexpr std::string_view base_scope = "base";
// What is no configuration, but is written, merged and rolled back as one is: /@fleet/layers/NAME is
// {"selector", "priority"}, /@fleet/variables/NAME a string.
inline constexpr std::string_view fleet_scope = "@fleet";

// Of layers: [a-z0-9][a-z0-9._-]{0,62}, and not the base's.
[[nodiscard]] bool is_layer_name(std::string_view name);
[[nodiscard]] bool is_scope(std::string_view name);
// Does it hold configuration: the base or a layer?
[[nodiscard]] inline bool holds_configuration(std::string_view scope) { return scope != fleet_scope; }

// What a tree is that nobody has ever changed: the base's is that of a fresh Unit.
[[nodiscard]] json::value unset_tree();
// The document of one scope; an empty object where the tree has none. Refers to `tree`.
[[nodiscard]] const json::value& scope_document(const json::value& tree, std::string_view scope);

// A path and the scope it is of, as people and APIs see them: parted.
struct Place {
  std::string scope;
  Path path;
  friend auto operator<=>(const Place&, const Place&) = default;
};
// `in_tree` begins with the scope.
[[nodiscard]] Place place_of(const Path& in_tree);
[[nodiscard]] Path path_in_tree(std::string_view scope, const Path& path);
// "/listeners/*:80" of the base, "edge:/listeners/*:80" of others.
[[nodiscard]] std::string to_text(const Place& place);

}  // namespace starling
