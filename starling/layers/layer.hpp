// Layers: parts of the configuration for some nodes only (DESIGN, "Scopes: one fleet, many shapes").
//
// The fleet's state is one tree, whose first segment is the scope: "base" holds what every node gets, each
// layer's name what the nodes get that its selector matches, and "@fleet" what is no configuration itself:
//   /@fleet/layers/NAME = {"selector": "site=syd,tier=edge", "priority": 10}
//   /@fleet/variables/NAME = "text"
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "starling/layers/selector.hpp"
#include "starling/model/scope.hpp"

namespace starling {

// Of the merge (M9): below it there is the base alone, and its strings are no templates.
inline constexpr unsigned layers_level = 2;

struct Layer {
  std::string name;
  Selector selector;
  std::int64_t priority = 0;  // 0 to max_priority; of two layers the higher lies on top
};

// 1 to 63 of [a-z0-9._-], the first a letter or digit; not "base". Errors: invalid_argument.
[[nodiscard]] Result<> check_layer_name(std::string_view name);

// What is wrong in a scope, and where there.
struct ScopeFault {
  std::string scope;
  Path path;
  std::string detail;
};

[[nodiscard]] json::value layer_json(const Layer& layer);
// What is to stand at `path` in "@fleet", with its selectors in the one form that they have
// (Selector::to_string()): the merge reads no space within a term. What is no selector stays as it is.
[[nodiscard]] json::value with_canonical_selectors(const Path& path, json::value value);
// The layer that `definition` makes `name`. A layer without a priority has 0. Of several faults the first.
[[nodiscard]] std::expected<Layer, ScopeFault> read_layer(std::string_view name,
                                                          const json::value& definition);
// The layers of a tree, lowest first: in the order in which they are laid over the base. Of several faults
// the first by name.
[[nodiscard]] std::expected<std::vector<Layer>, ScopeFault> read_layers(const json::value& tree);

}  // namespace starling
