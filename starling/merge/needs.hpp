// What a change needs (rule M5): the parents of what it sets, the arrays it appends to, and what its values
// refer to.
#pragma once

#include <map>
#include <vector>

#include "starling/model/change.hpp"

namespace starling {

struct Node;

// Paths that a removal at or above them would take away from it. Ascending, no duplicates.
[[nodiscard]] std::vector<Path> needs_of(const Change& change);

// Removals and needs of changes that may be concurrent, each way round by path.
class NeedIndex {
 public:
  void add(Node& node);

  // Who needs something at or below `removed`; in the order of the fold, no duplicates.
  [[nodiscard]] std::vector<Node*> needing(const Path& removed) const;
  // Who removes something that `node` needs; in no order, perhaps repeatedly.
  [[nodiscard]] std::vector<Node*> removing_for(const Node& node) const;

 private:
  std::map<Path, std::vector<Node*>> needing_;
  std::map<Path, std::vector<Node*>> removing_;
};

}  // namespace starling
