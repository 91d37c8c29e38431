#include "starling/merge/fold.hpp"

#include "starling/merge/merge.hpp"
#include "starling/merge/tree.hpp"

namespace starling {

bool apply_edit(json::value& document, const Edit& edit) {
  switch (edit.op) {
    case EditOp::set:
      (void)set_member(document, edit.path, *edit.value);
      break;
    case EditOp::remove:
      if (edit.path.empty()) {
        document = edit.scope == base_scope ? empty_document() : json::object();
      } else if (member_at(document, edit.path) != nullptr) {
        (void)remove_member(document, edit.path);
      }
      break;
    case EditOp::append: {
      json::value* array = member_at(document, edit.path);
      if (array == nullptr || !array->is_array()) return false;
      array->get_array().push_back(*edit.value);
      break;
    }
  }
  return true;
}

MergeResult fold(std::vector<MergeInput> inputs, const HappenedBefore& happened_before,
                 std::vector<LevelFrom> levels) {
  // Nobody will come back to it: no undo, no snapshots.
  constexpr MergeLimits once{.undo_changes = 0,
                             .undo_bytes = 0,
                             .snapshot_every = SIZE_MAX,
                             .snapshot_bytes = 0,
                             .remembered_changes = 0};
  Merge merge(happened_before, once);
  merge.set_levels(std::move(levels));
  merge.reset(std::move(inputs));
  return std::move(merge).take();
}

bool apply_to_tree(json::value& tree, const Edit& edit) {
  return apply_edit(tree, {edit.scope, path_in_tree(edit.scope, edit.path), edit.op, edit.value});
}

}  // namespace starling
