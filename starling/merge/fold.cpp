#include "starling/merge/fold.hpp"

#include "libp2p/crypto/hash.hpp"
#include "starling/merge/merge.hpp"
#include "starling/merge/tree.hpp"

namespace starling {

bool apply_edit(json::value& document, const Edit& edit) {
  switch (edit.op) {
    case EditOp::set:
      (void)set_member(document, edit.path, *edit.value);
      break;
    case EditOp::remove:
      if (member_at(document, edit.path) != nullptr) (void)remove_member(document, edit.path);
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

MergeResult fold(std::vector<MergeInput> inputs, const HappenedBefore& happened_before) {
  // Nobody will come back to it: no undo, no snapshots.
  constexpr MergeLimits once{.undo_changes = 0,
                             .undo_bytes = 0,
                             .snapshot_every = SIZE_MAX,
                             .snapshot_bytes = 0,
                             .remembered_changes = 0};
  Merge merge(happened_before, once);
  merge.reset(std::move(inputs));
  return std::move(merge).take();
}

RevisionId revision_of(const json::value& document) {
  Bytes hashed = libp2p::to_bytes("starling-revision");
  hashed.push_back(static_cast<std::uint8_t>(merge_level));
  libp2p::append(hashed, libp2p::as_bytes(canonical_json(document)));
  return RevisionId{libp2p::sha256(hashed)};
}

}  // namespace starling
