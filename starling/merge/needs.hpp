// What a change needs (rule M5): the parents of what it sets, the arrays it appends to, and what its values
// refer to.
#pragma once

#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "starling/model/change.hpp"

namespace starling {

struct Node;

// Stands for the scope of what a reference names: it may be in any that holds configuration.
inline constexpr std::string_view any_scope = "*";

// Paths that a removal at or above them would take away from it; they begin with their scope, or with
// any_scope. The paths of the change's own edits begin with theirs. Ascending, no duplicates.
[[nodiscard]] std::vector<Path> needs_of(const Change& change);

// Removals and needs by path, of changes that are added in their order.
class NeedIndex {
 public:
  void add(Node& node);
  // `node` is the one added last.
  void drop_last(const Node& node);

  // Who needs something at or below `removed`, at positions from `first` to before `end`; in order, no
  // duplicates. What a reference names is needed in a layer only where `stands` says of its path there that
  // it is what the layer has.
  using Stands = std::function<bool(const Path& in_tree)>;
  [[nodiscard]] std::vector<Node*> needing(const Path& removed, std::size_t first, std::size_t end,
                                           const Stands& stands) const;
  // Who removes something that `node` needs, at such positions; in no order, perhaps repeatedly.
  [[nodiscard]] std::vector<Node*> removing_for(const Node& node, std::size_t first, std::size_t end) const;

 private:
  using Places = std::map<Path, std::vector<Node*>>;

  Places needing_;
  Places removing_;
};

}  // namespace starling
