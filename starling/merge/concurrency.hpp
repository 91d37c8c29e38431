// Which changes of the order are concurrent, told without asking about every pair.
#pragma once

#include <vector>

#include "starling/merge/needs.hpp"
#include "starling/merge/node.hpp"

namespace starling {

// Of each change it knows from where on in the order its author did not know all (Node::first_unknown), and
// from where on everybody knew it (Node::known_from). In quiet times there is nothing between the two.
class Concurrency {
 public:
  // `happened_before` must outlive it, and be transitive.
  explicit Concurrency(const HappenedBefore& happened_before) : happened_before_(happened_before) {}

  // The next in the order: sets its position.
  void append(Node& node);
  // Forgets the change at `position` and all after it.
  void truncate(std::size_t position);
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }

  // Did neither author know the other's change? Never so of a change and itself.
  [[nodiscard]] bool concurrent(Node& a, Node& b) const;
  // M5: who is concurrent with `node` and needs something at or below `removed`, in order; `stands` as in
  // NeedIndex::needing().
  [[nodiscard]] std::vector<Node*> needing(Node& node, const Path& removed,
                                           const NeedIndex::Stands& stands) const;
  // The position of the first change before `limit` that is concurrent with `node` and removes what it needs;
  // `limit`, if there is none.
  [[nodiscard]] std::size_t first_removal_for(Node& node, std::size_t limit) const;

 private:
  [[nodiscard]] bool knows(const Node& later, Node& earlier) const;
  [[nodiscard]] std::size_t first_unknown_to(const Node& node) const;

  const HappenedBefore& happened_before_;
  std::vector<Node*> order_;
  NeedIndex index_;
};

}  // namespace starling
