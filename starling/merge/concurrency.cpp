#include "starling/merge/concurrency.hpp"

#include <algorithm>

namespace starling {

bool Concurrency::knows(const Node& later, Node& earlier) const {
  // A change of many edits asks about the same neighbour again and again.
  if (earlier.asked_by != later.serial) {
    earlier.known_to_asker = happened_before_(earlier.input.id, later.input.id);
    earlier.asked_by = later.serial;
  }
  return earlier.known_to_asker;
}

bool Concurrency::concurrent(Node& a, Node& b) const {
  if (a.position == b.position) return false;
  Node& earlier = a.position < b.position ? a : b;
  const Node& later = a.position < b.position ? b : a;
  return earlier.position >= later.first_unknown && !knows(later, earlier);
}

void Concurrency::append(Node& node) {
  node.position = order_.size();
  node.known_from = node.position + 1;
  node.first_unknown = first_unknown_to(node);
  for (std::size_t i = node.first_unknown; i < node.position; ++i) order_[i]->known_from = node.position + 1;
  order_.push_back(&node);
  index_.add(node);
}

// Who knows a change knows all that its author knew: the search starts where that ended.
std::size_t Concurrency::first_unknown_to(const Node& node) const {
  constexpr std::size_t far = 8;  // looked back for an author who knew more
  std::size_t first_gap = node.position;
  std::size_t all_known_before = 0;
  for (std::size_t i = node.position, found = 0; i-- > 0 && found < far;) {
    if (!knows(node, *order_[i])) {
      first_gap = i;
      continue;
    }
    ++found;
    all_known_before = std::max(all_known_before, order_[i]->first_unknown);
    if (all_known_before + far >= i) break;
  }
  std::size_t i = all_known_before;
  while (i < first_gap && knows(node, *order_[i])) ++i;
  return i;
}

void Concurrency::truncate(std::size_t position) {
  while (order_.size() > position) {
    const Node& last = *order_.back();
    for (std::size_t i = last.first_unknown; i < std::min(last.position, position); ++i) {
      order_[i]->known_from = std::min(order_[i]->known_from, position);
    }
    index_.drop_last(last);
    order_.pop_back();
  }
}

std::vector<Node*> Concurrency::needing(Node& node, const Path& removed,
                                        const NeedIndex::Stands& stands) const {
  if (node.first_unknown == node.position && node.known_from == node.position + 1) return {};
  std::vector<Node*> found = index_.needing(removed, node.first_unknown, node.known_from, stands);
  std::erase_if(found, [&](Node* other) { return !concurrent(*other, node); });
  return found;
}

std::size_t Concurrency::first_removal_for(Node& node, std::size_t limit) const {
  if (node.first_unknown >= limit) return limit;
  for (Node* other : index_.removing_for(node, node.first_unknown, limit)) {
    if (other->position < limit && concurrent(*other, node)) limit = other->position;
  }
  return limit;
}

}  // namespace starling
