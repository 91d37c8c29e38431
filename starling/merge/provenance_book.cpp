#include "starling/merge/provenance_book.hpp"

#include <algorithm>

#include "starling/merge/tree.hpp"

namespace starling {

void ProvenanceBook::begin(const json::value& tree, const Provenances& known) {
  leaves_.clear();
  for (const auto& [path, provenance] : known) leaves_.emplace(path, Leaf{provenance});
  for (auto& [path, leaf] : leaves_) {
    const json::value* value = member_at(tree, path);
    if (value == nullptr || !value->is_array()) continue;
    const std::size_t size = value->get_array().size();
    leaf.array_size = size - std::min(size, appended(path));
  }
}

void ProvenanceBook::follow(const Node& node) {
  if (!node.skipped.empty()) return;
  const std::vector<Edit>& edits = node.input.change.edits;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (std::ranges::find(node.idle, i) != node.idle.end()) continue;
    const Provenance own{node.input.id, node.input.hlc, false};
    switch (edits[i].op) {
      case EditOp::set:
        set(edits[i].path, *edits[i].value, own);
        break;
      case EditOp::append:
        append(edits[i].path, own);
        break;
      case EditOp::remove:
        clear(edits[i].path);
        leaves_[edits[i].path] = {{own.change, own.hlc, true}};
        break;
    }
  }
}

// What stands above and gives way, a scalar or an empty object, did away with all that stood below it before:
// that is still to be known.
void ProvenanceBook::set(const Path& path, const json::value& value, const Provenance& provenance) {
  for (Path above; above.size() < path.size(); above.push_back(path[above.size()])) {
    const auto leaf = leaves_.find(above);
    if (leaf == leaves_.end() || leaf->second.provenance.removed) continue;
    const Provenance gave_way = leaf->second.provenance;
    clear(above);
    leaves_[above] = {{gave_way.change, gave_way.hlc, true}};
  }
  clear(path);
  const json::object* object = value.if_object();
  if (object != nullptr && !object->empty()) leaves_[path] = {{provenance.change, provenance.hlc, true}};
  Path place = path;
  put_leaves(place, value, provenance);
}

void ProvenanceBook::put_leaves(Path& path, const json::value& value, const Provenance& provenance) {
  const json::object* object = value.if_object();
  if (object == nullptr || object->empty()) {
    leaves_[path] = {provenance, value.is_array() ? value.get_array().size() : 0};
    return;
  }
  for (const auto& member : *object) {
    path.emplace_back(member.key());
    put_leaves(path, member.value(), provenance);
    path.pop_back();
  }
}

void ProvenanceBook::append(const Path& path, const Provenance& provenance) {
  const auto array = leaves_.find(path);
  const std::size_t size = (array != leaves_.end() ? array->second.array_size : 0) + appended(path);
  Path element = path;
  element.push_back(std::to_string(size));
  leaves_[std::move(element)] = {provenance};
}

void ProvenanceBook::clear(const Path& path) {
  auto it = leaves_.lower_bound(path);
  while (it != leaves_.end() && is_prefix(path, it->first)) it = leaves_.erase(it);
}

std::size_t ProvenanceBook::appended(const Path& array) const {
  std::size_t count = 0;
  for (auto it = leaves_.upper_bound(array); it != leaves_.end() && is_prefix(array, it->first); ++it)
    ++count;
  return count;
}

Provenances ProvenanceBook::provenances() const {
  Provenances all;
  for (const auto& [path, leaf] : leaves_) all.emplace_hint(all.end(), path, leaf.provenance);
  return all;
}

}  // namespace starling
