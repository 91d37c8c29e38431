#include "starling/merge/node.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "starling/merge/levels.hpp"
#include "starling/merge/needs.hpp"

namespace starling {
namespace {

// Levels of containers. Values come from the parser, which bounds them.
std::size_t depth(const json::value& value) {
  std::size_t deepest = 0;
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) deepest = std::max(deepest, depth(member.value()));
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) deepest = std::max(deepest, depth(element));
  } else {
    return 0;
  }
  return deepest + 1;
}

std::string why_unusable(const Change& change, unsigned level) {
  for (const Edit& edit : change.edits) {
    const std::string where = to_text(place_of(edit.path));
    if (level == first_merge_level && edit.scope != base_scope)
      return where + ": this level of the merge knows no scope but base (M9)";
    if (!is_scope(edit.scope)) return where + ": there can be no such scope";
    if (edit.value && edit.path.size() - 1 + depth(*edit.value) > JsonLimits{}.max_depth)
      return where + ": more than 100 levels deep";
  }
  return {};
}

std::set<Path> lost_paths(const Node& node) {
  std::set<Path> paths;
  for (const Node::Loss& loss : node.losses) paths.insert(node.input.change.edits[loss.edit].path);
  return paths;
}

}  // namespace

Node::Node(MergeInput change, std::uint64_t its_serial) : input(std::move(change)), serial(its_serial) {
  for (Edit& edit : input.change.edits) edit.path = path_in_tree(edit.scope, edit.path);
}

void Node::set_level(unsigned wanted) {
  if (std::exchange(level, wanted) == wanted) return;
  unusable = why_unusable(input.change, level);
  needs = unusable.empty() ? needs_of(input.change) : std::vector<Path>();
}

ChangeFate fate_of(const Node& node) {
  if (!node.skipped.empty()) return {node.input.id, ChangeFate::State::skipped, node.skipped};
  if (node.losses.empty()) return {node.input.id, ChangeFate::State::applied, {}};
  const std::set<Path> lost = lost_paths(node);
  const bool all = std::ranges::all_of(node.input.change.edits,
                                       [&](const Edit& edit) { return lost.contains(edit.path); });
  return {node.input.id, all ? ChangeFate::State::lost : ChangeFate::State::partly,
          "lost " + to_text(place_of(*lost.begin())) + " to a concurrent change"};
}

Stood what_stood(const Node& node) {
  std::set<Place> stood;
  for (const Edit& edit : node.input.change.edits) stood.insert(place_of(edit.path));
  for (const Path& path : lost_paths(node)) stood.erase(place_of(path));
  return std::make_shared<const std::vector<Place>>(stood.begin(), stood.end());
}

}  // namespace starling
