// Which changes can be concurrent at all: the order of the fold, cut wherever all that follow knew all that
// went before.
#pragma once

#include <memory>
#include <vector>

#include "starling/merge/needs.hpp"
#include "starling/merge/node.hpp"

namespace starling {

// Neighbours in the order, of which each is concurrent with another one: in quiet times a single change,
// after a partition all that was written on both sides. What conflicts or needs something (M4, M5) is in one
// window.
struct Window {
  std::size_t first = 0;
  std::vector<Node*> members;
  std::vector<Node*> heads;  // those that no other member knew
  NeedIndex index;           // of a window of two or more
};

class Windows {
 public:
  // `happened_before` must outlive it.
  explicit Windows(const HappenedBefore& happened_before) : happened_before_(happened_before) {}

  // The next in the order.
  void append(Node& node);
  // Forgets the windows that reach to `position` or beyond it; says from where on changes have to be appended
  // again.
  [[nodiscard]] std::size_t truncate(std::size_t position);

  // Did neither author know the other's change? Never so of a change and itself.
  [[nodiscard]] bool concurrent(Node& a, Node& b) const;
  // The position of the first change before `limit` that removes what `node` needs and is concurrent with it;
  // `limit`, if there is none.
  [[nodiscard]] std::size_t first_removal_for(Node& node, std::size_t limit) const;

 private:
  [[nodiscard]] bool knows_all(const Node& node, const Window& window) const;
  void join(Window& window, Node& node) const;

  const HappenedBefore& happened_before_;
  std::vector<std::unique_ptr<Window>> windows_;
};

}  // namespace starling
