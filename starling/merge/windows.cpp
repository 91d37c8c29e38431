#include "starling/merge/windows.hpp"

#include <algorithm>

namespace starling {

bool Windows::concurrent(Node& a, Node& b) const {
  if (&a == &b || a.window != b.window) return false;
  Node& earlier = a.position < b.position ? a : b;
  const Node& later = a.position < b.position ? b : a;
  // A change of many edits asks about the same neighbour again and again.
  if (earlier.asked_by != later.serial) {
    earlier.known_to_asker = happened_before_(earlier.input.id, later.input.id);
    earlier.asked_by = later.serial;
  }
  return !earlier.known_to_asker;
}

bool Windows::knows_all(const Node& node, const Window& window) const {
  return std::ranges::all_of(
      window.heads, [&](const Node* head) { return happened_before_(head->input.id, node.input.id); });
}

void Windows::append(Node& node) {
  std::size_t open = windows_.size();
  while (open > 0 && !knows_all(node, *windows_[open - 1])) --open;
  if (open == windows_.size()) {
    windows_.push_back(std::make_unique<Window>());
    windows_.back()->first = node.position;
  }
  Window& window = *windows_[open];
  for (std::size_t i = open + 1; i < windows_.size(); ++i) {
    for (Node* member : windows_[i]->members) join(window, *member);
    // All of a later window knew all of the earlier ones.
    window.heads = std::move(windows_[i]->heads);
  }
  windows_.resize(open + 1);
  join(window, node);
  std::erase_if(window.heads,
                [&](const Node* head) { return happened_before_(head->input.id, node.input.id); });
  window.heads.push_back(&node);
}

void Windows::join(Window& window, Node& node) const {
  if (window.members.size() == 1) window.index.add(*window.members.front());
  window.members.push_back(&node);
  if (window.members.size() > 1) window.index.add(node);
  node.window = &window;
}

std::size_t Windows::truncate(std::size_t position) {
  while (!windows_.empty()) {
    const Window& last = *windows_.back();
    if (last.first + last.members.size() <= position) break;
    position = std::min(position, last.first);
    windows_.pop_back();
  }
  return position;
}

std::size_t Windows::first_removal_for(Node& node, std::size_t limit) const {
  for (Node* other : node.window->index.removing_for(node)) {
    if (other->position < limit && concurrent(*other, node)) limit = other->position;
  }
  return limit;
}

}  // namespace starling
