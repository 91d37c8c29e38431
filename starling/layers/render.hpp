// The fleet's tree of scopes, made into the configuration of one node: pure, the same everywhere for the same
// node.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "starling/layers/layer.hpp"

namespace starling {

// Of strings and member names, and some for every value: what one rendered configuration can come to.
inline constexpr std::size_t max_rendered_bytes = std::size_t{16} * 1024 * 1024;

// What a node's configuration may depend on besides the tree. Name and labels are the charter's.
struct NodeFacts {
  std::string name;
  std::map<std::string, std::string> labels;
  std::optional<std::string> addr;  // nothing: it is not known, and can't be named

  friend bool operator==(const NodeFacts&, const NodeFacts&) = default;
};

// What nodes that the same layers select have in common: base and layers by path, templates not filled in.
struct Composed {
  std::vector<std::string> scopes;  // that are in it: base, then the layers, lowest first
  json::value document;
};

// The layers of `layers` that select a node with these labels, by their names, in order.
[[nodiscard]] std::vector<std::string> matching(const std::vector<Layer>& layers,
                                                const std::map<std::string, std::string>& labels);
// Base, and each layer over it: objects merge member by member, all else replaces what was there. So a layer
// adds and replaces, and removes nothing: null is a value as others are.
[[nodiscard]] Composed compose(const json::value& tree, const std::vector<std::string>& layers);

// The names that the templates in `document` hold: {"node.name", "vars.tenant"}.
[[nodiscard]] std::set<std::string> names_in(const json::value& document);
// What `name` stands for on a node, or why it stands for nothing.
[[nodiscard]] std::expected<std::string_view, std::string> resolve(std::string_view name,
                                                                   const json::value& tree,
                                                                   const NodeFacts& facts);

// Fills in the templates, in strings and in the names of members: {{node.name}}, {{node.labels.KEY}},
// {{node.addr}},
// {{vars.NAME}}; "{{{{" is a literal "{{". Faults: a name that stands for nothing, two members of one object
// that get the same name, more than max_rendered_bytes; with the place and the scope that brought it. Places
// are as they are before anything is filled in.
[[nodiscard]] std::expected<json::value, ScopeFault> fill_in(const Composed& composed,
                                                             const json::value& tree, const NodeFacts& facts);

// All of it: the configuration of one node. Faults: those of read_layers and of fill_in.
[[nodiscard]] std::expected<json::value, ScopeFault> render(const json::value& tree, const NodeFacts& facts);

}  // namespace starling
