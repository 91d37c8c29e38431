#include "starling/merge/needs.hpp"

#include <algorithm>

#include "starling/merge/node.hpp"
#include "starling/merge/references.hpp"

namespace starling {
namespace {

void add_needs(const Edit& edit, std::vector<Path>& needs) {
  if (edit.op == EditOp::remove) return;
  Path at(std::next(edit.path.begin()), edit.path.end());
  if (edit.op == EditOp::append) {
    needs.push_back(edit.path);
    at.emplace_back("-");
  } else if (!at.empty()) {
    needs.emplace_back(edit.path.begin(), std::prev(edit.path.end()));
  }
  if (!holds_configuration(edit.scope)) return;
  for (const Reference& reference : references(*edit.value, at)) {
    if (reference.form == Reference::Form::target) needs.push_back(path_in_tree(any_scope, reference.target));
  }
}

void drop(std::map<Path, std::vector<Node*>>& places, const Path& path) {
  const auto place = places.find(path);
  place->second.pop_back();
  if (place->second.empty()) places.erase(place);
}

// The paths by which a removal is found: its own, and that by which references know what it removes.
template <class Call>
void for_each_name(const Edit& removal, Call call) {
  call(removal.path);
  if (!holds_configuration(removal.scope)) return;
  Path path = removal.path;
  path.front() = any_scope;
  call(path);
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
    if (edit.op == EditOp::remove)
      for_each_name(edit, [&](const Path& path) { removing_[path].push_back(&node); });
  }
}

void NeedIndex::drop_last(const Node& node) {
  for (const Path& path : node.needs) drop(needing_, path);
  for (const Edit& edit : node.input.change.edits) {
    if (edit.op == EditOp::remove) for_each_name(edit, [&](const Path& path) { drop(removing_, path); });
  }
}

std::vector<Node*> NeedIndex::needing(const Path& removed, std::size_t first, std::size_t end,
                                      const Stands& stands) const {
  std::vector<Node*> found;
  for (auto it = needing_.lower_bound(removed); it != needing_.end() && is_prefix(removed, it->first); ++it) {
    take(it->second, first, end, found);
  }
  if (holds_configuration(removed.front())) {
    const bool in_layer = removed.front() != base_scope;
    Path named = removed;
    named.front() = any_scope;
    for (auto it = needing_.lower_bound(named); it != needing_.end() && is_prefix(named, it->first); ++it) {
      Path here = it->first;
      here.front() = removed.front();
      if (!in_layer || stands(here)) take(it->second, first, end, found);
    }
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
