#include "starling/merge/needs.hpp"

#include <algorithm>

#include "starling/merge/node.hpp"
#include "starling/merge/references.hpp"

namespace starling {
namespace {

void add_needs(const Edit& edit, std::vector<Path>& needs) {
  if (edit.op == EditOp::remove) return;
  Path at = edit.path;
  if (edit.op == EditOp::append) {
    needs.push_back(at);
    at.emplace_back("-");
  } else if (!at.empty()) {
    needs.emplace_back(at.begin(), std::prev(at.end()));
  }
  for (Reference& reference : references(*edit.value, at)) {
    if (reference.form == Reference::Form::target) needs.push_back(std::move(reference.target));
  }
}

void drop(std::map<Path, std::vector<Node*>>& places, const Path& path) {
  const auto place = places.find(path);
  place->second.pop_back();
  if (place->second.empty()) places.erase(place);
}

// Nodes are added in order, so each list is in order.
void take(const std::vector<Node*>& nodes, std::size_t first, std::size_t end, std::vector<Node*>& found) {
  auto it = std::ranges::lower_bound(nodes, first, {}, &Node::position);
  for (; it != nodes.end() && (*it)->position < end; ++it) found.push_back(*it);
}

}  // namespace

std::vector<Path> needs_of(const Change& change) {
  std::vector<Path> needs;
  for (const Edit& edit : change.edits) add_needs(edit, needs);
  std::ranges::sort(needs);
  const auto repeated = std::ranges::unique(needs);
  needs.erase(repeated.begin(), repeated.end());
  return needs;
}

void NeedIndex::add(Node& node) {
  for (const Path& path : node.needs) needing_[path].push_back(&node);
  for (const Edit& edit : node.input.change.edits) {
    if (edit.op == EditOp::remove) removing_[edit.path].push_back(&node);
  }
}

void NeedIndex::drop_last(const Node& node) {
  for (const Path& path : node.needs) drop(needing_, path);
  for (const Edit& edit : node.input.change.edits) {
    if (edit.op == EditOp::remove) drop(removing_, edit.path);
  }
}

std::vector<Node*> NeedIndex::needing(const Path& removed, std::size_t first, std::size_t end) const {
  std::vector<Node*> found;
  for (auto it = needing_.lower_bound(removed); it != needing_.end() && is_prefix(removed, it->first); ++it) {
    take(it->second, first, end, found);
  }
  std::ranges::sort(found, {}, &Node::position);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

std::vector<Node*> NeedIndex::removing_for(const Node& node, std::size_t first, std::size_t end) const {
  std::vector<Node*> found;
  for (const Path& need : node.needs) {
    Path above;
    while (true) {
      if (const auto it = removing_.find(above); it != removing_.end()) take(it->second, first, end, found);
      if (above.size() == need.size()) break;
      above.push_back(need[above.size()]);
    }
  }
  return found;
}

}  // namespace starling
