#include "starling/merge/node.hpp"

#include <algorithm>
#include <set>

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

std::string why_unusable(const Change& change) {
  for (const Edit& edit : change.edits) {
    if (edit.scope != base_scope)
      return to_pointer(edit.path) + ": this level of the merge knows no scope but base (M9)";
    if (edit.value && edit.path.size() + depth(*edit.value) > JsonLimits{}.max_depth) {
      return to_pointer(edit.path) + ": more than 100 levels deep";
    }
  }
  return {};
}

std::set<Path> lost_paths(const Node& node) {
  std::set<Path> paths;
  for (const Node::Loss& loss : node.losses) paths.insert(node.input.change.edits[loss.edit].path);
  return paths;
}

}  // namespace

Node::Node(MergeInput change, std::uint64_t its_serial)
    : input(std::move(change)), serial(its_serial), unusable(why_unusable(input.change)) {
  if (unusable.empty()) needs = needs_of(input.change);
}

ChangeFate fate_of(const Node& node) {
  if (!node.skipped.empty()) return {node.input.id, ChangeFate::State::skipped, node.skipped};
  if (node.losses.empty()) return {node.input.id, ChangeFate::State::applied, {}};
  const std::set<Path> lost = lost_paths(node);
  const bool all = std::ranges::all_of(node.input.change.edits,
                                       [&](const Edit& edit) { return lost.contains(edit.path); });
  return {node.input.id, all ? ChangeFate::State::lost : ChangeFate::State::partly,
          "lost " + to_pointer(*lost.begin()) + " to a concurrent change"};
}

std::vector<Path> what_stood(const Node& node) {
  std::set<Path> stood;
  for (const Edit& edit : node.input.change.edits) stood.insert(edit.path);
  for (const Path& path : lost_paths(node)) stood.erase(path);
  return {stood.begin(), stood.end()};
}

}  // namespace starling
