// Where what stands came from, and what is gone: as a checkpoint says it, and what is older than that (L8).
#include <algorithm>

#include "tests/support/reference_fold.hpp"

namespace starling::reference {

// L8: somebody has said something of the same place later, and that is in the state that the fold begins
// with. Appends get along with one another.
std::optional<Provenance> Fold::later_in_start(const Turn& turn, const Step& step) const {
  std::optional<Provenance> last;
  if (!start_) return last;
  const auto is_later = [](const Provenance& of, Hlc clock, const RecordId& id) {
    return of.hlc != clock ? of.hlc > clock : of.change < id;
  };
  for (const auto& [path, of] : start_->provenance) {
    const bool below = path.size() > step.path.size();
    if (!overlaps(path, step.path) || (below && step.op == EditOp::append)) continue;
    if (!is_later(of, turn.clock, turn.id)) continue;
    if (!last || is_later(of, last->hlc, last->change)) last = of;
  }
  return last;
}

void Fold::forget_at_and_below(const Path& path) {
  std::erase_if(provenance_, [&](const auto& entry) { return is_prefix(path, entry.first); });
}

void Fold::note_leaves(const Path& path, const json::value& value, const Provenance& of) {
  const json::object* object = value.if_object();
  if (!object || object->empty()) {
    provenance_[path] = of;
    return;
  }
  for (const auto& [name, member] : *object) {
    Path below = path;
    below.emplace_back(name);
    note_leaves(below, member, of);
  }
}

// Who set a value; of what is gone, or was replaced as a whole, who did that. What stood above as a value of
// its own has given way, and what it had done away with stays done away with by its author.
void Fold::note_origin(const Turn& turn, const Step& step) {
  const Provenance own{turn.id, turn.clock, false};
  const Provenance gone{turn.id, turn.clock, true};
  if (step.op == EditOp::append) {
    Path element = step.path;
    element.push_back(std::to_string(find(tree_, step.path)->get_array().size() - 1));
    provenance_[element] = own;
    return;
  }
  for (Path above; step.op == EditOp::set && above.size() < step.path.size();
       above.push_back(step.path[above.size()])) {
    const auto found = provenance_.find(above);
    if (found == provenance_.end() || found->second.removed) continue;
    const Provenance gave_way{found->second.change, found->second.hlc, true};
    forget_at_and_below(above);
    provenance_[above] = gave_way;
  }
  forget_at_and_below(step.path);
  if (step.op == EditOp::remove) {
    provenance_[step.path] = gone;
    return;
  }
  const json::object* object = step.value->if_object();
  if (object && !object->empty()) provenance_[step.path] = gone;
  note_leaves(step.path, *step.value, own);
}

}  // namespace starling::reference
