#include "starling/merge/fold.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "libp2p/crypto/hash.hpp"
#include "starling/merge/references.hpp"
#include "starling/merge/validate.hpp"

namespace starling {
namespace {



bool is_strictly_below(const Path& path, const Path& above) { return path.size() > above.size() && is_prefix(above, path); }

// Which removals are dropped because a concurrent change needs what they remove (M5). Decided before the fold, from the
// changes alone, so it does not matter which of the two comes later.
class Needs {
 public:
  Needs(const std::vector<MergeInput>& inputs, const HappenedBefore& happened_before)
      : inputs_(inputs), happened_before_(happened_before) {
    for (std::size_t c = 0; c < inputs.size(); ++c) {
      for (const Edit& edit : inputs[c].change.edits) note(c, edit);
    }
  }

  // The change that needs what this removal removes, if any.
  [[nodiscard]] std::optional<std::size_t> needed_by(std::size_t change, const Edit& removal) const {
    for (auto it = touched_.upper_bound(removal.path); it != touched_.end() && is_prefix(removal.path, it->first); ++it) {
      for (const std::size_t other : it->second) {
        if (concurrent(change, other)) return other;
      }
    }
    for (auto it = referred_.lower_bound(removal.path); it != referred_.end() && is_prefix(removal.path, it->first); ++it) {
      for (const std::size_t other : it->second) {
        if (concurrent(change, other)) return other;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] bool concurrent(std::size_t a, std::size_t b) const {
    return a != b && !happened_before_(inputs_[a].id, inputs_[b].id) && !happened_before_(inputs_[b].id, inputs_[a].id);
  }

 private:
  void note(std::size_t change, const Edit& edit) {
    if (edit.op == EditOp::remove) return;
    // An append needs the array itself: as if it touched something inside.
    Path path = edit.path;
    if (edit.op == EditOp::append) path.emplace_back("-");
    touched_[std::move(path)].insert(change);
    for (const Reference& reference : references(*edit.value, edit.path)) referred_[reference.target].insert(change);
  }

  const std::vector<MergeInput>& inputs_;
  const HappenedBefore& happened_before_;
  std::map<Path, std::set<std::size_t>> touched_;
  std::map<Path, std::set<std::size_t>> referred_;
};

// Who set what stands (or no longer stands) at a path, and what was there before.
struct Provenance {
  std::size_t change = 0;
  EditOp op{};
  std::optional<json::value> before;
  std::optional<json::value> value;
};

class Fold {
 public:
  Fold(const std::vector<MergeInput>& inputs, const HappenedBefore& happened_before)
      : inputs_(inputs), happened_before_(happened_before), needs_(inputs, happened_before), losses_(inputs.size()) {
    result_.document = empty_document();
  }

  MergeResult run() {
    for (std::size_t c = 0; c < inputs_.size(); ++c) apply_or_skip(c);
    tell_fates();
    return std::move(result_);
  }

 private:
  void apply_or_skip(std::size_t c) {
    const Change& change = inputs_[c].change;
    // Undone by putting the old document back; documents are small next to what a validation of them costs.
    json::value before = result_.document;
    const bool had_listeners = has_listeners(before);
    auto provenance_before = provenance_;
    auto conflicts_before = result_.conflicts;
    auto losses_before = losses_;
    for (const Edit& edit : change.edits) apply(c, edit);
    if (auto invalid = validate(result_.document)) {
      result_.document = std::move(before);
      provenance_ = std::move(provenance_before);
      result_.conflicts = std::move(conflicts_before);
      losses_ = std::move(losses_before);
      skipped_.emplace(c, to_pointer(invalid->path) + ": " + invalid->detail);
      return;
    }
    if (has_listeners(result_.document)) {
      result_.emptied_by.reset();
      result_.empty_allowed = false;
    } else if (had_listeners) {
      result_.emptied_by = inputs_[c].id;
      result_.empty_allowed = change.allow_empty;
    }
  }

  void apply(std::size_t c, const Edit& edit) {
    if (edit.op == EditOp::remove) {
      if (const auto needing = needs_.needed_by(c, edit)) {
        lose(c, edit, *needing, Conflict::Kind::removal_dropped, value_at(edit.path));
        return;
      }
      if (!find(result_.document, edit.path)) {
        remember(c, edit, std::nullopt);
        return;
      }
    }
    settle_older_conflicts(c, edit.path);
    overrule_concurrent(c, edit);
    std::optional<json::value> before = value_at(edit.path);
    if (!apply_edit(result_.document, edit)) {
      // Only an append whose array a concurrent change has replaced by something else gets here.
      const auto other = provenance_.find(edit.path);
      const std::size_t winner = other == provenance_.end() ? c : other->second.change;
      lose(c, edit, winner, Conflict::Kind::overlap, std::move(before));
      return;
    }
    remember(c, edit, std::move(before));
  }

  [[nodiscard]] std::optional<json::value> value_at(const Path& path) const {
    const json::value* value = find(result_.document, path);
    return value ? std::optional(*value) : std::nullopt;
  }

  // Every earlier edit that overlaps this one and that its author did not know loses here, unless both want the same.
  void overrule_concurrent(std::size_t c, const Edit& edit) {
    std::vector<std::pair<Path, Provenance>> overlapped;
    for (std::size_t size = 0; size < edit.path.size(); ++size) {
      const Path above(edit.path.begin(), edit.path.begin() + static_cast<std::ptrdiff_t>(size));
      if (const auto it = provenance_.find(above); it != provenance_.end()) overlapped.emplace_back(*it);
    }
    for (auto it = provenance_.lower_bound(edit.path); it != provenance_.end() && is_prefix(edit.path, it->first); ++it) {
      overlapped.emplace_back(*it);
    }
    for (const auto& [path, old] : overlapped) {
      if (!loses_to(c, edit, path, old)) continue;
      const Edit lost{std::string(base_scope), path, old.op, old.value};
      result_.conflicts.push_back(conflict_of(old.change, lost, c, Conflict::Kind::overlap, old.before, edit.value));
      losses_[old.change].insert(path);
    }
  }

  [[nodiscard]] bool loses_to(std::size_t c, const Edit& edit, const Path& path, const Provenance& old) const {
    if (old.change == c || !needs_.concurrent(old.change, c)) return false;
    if (edit.op == EditOp::append) return false;  // adds to what stands
    // An empty object that makes room for members, and members set in it, get along.
    const bool makes_room = old.value && old.value->is_object() && is_strictly_below(edit.path, path);
    if (makes_room) return false;
    const bool same_path = path == edit.path;
    const bool both_remove = old.op == EditOp::remove && edit.op == EditOp::remove;
    const bool same_value = old.value && edit.value && old.op == edit.op && same_json(*old.value, *edit.value);
    if (same_path && (both_remove || same_value)) return false;
    // What was removed above or below, and is not there any more, has nothing left to lose.
    return same_path || old.op != EditOp::remove;
  }

  [[nodiscard]] Conflict conflict_of(std::size_t loser, const Edit& lost, std::size_t winner, Conflict::Kind kind,
                                     std::optional<json::value> base, std::optional<json::value> theirs) const {
    return {kind, lost.path, inputs_[winner].id, inputs_[loser].id, std::move(base), lost.value, std::move(theirs), {}};
  }

  void lose(std::size_t c, const Edit& edit, std::size_t winner, Conflict::Kind kind, std::optional<json::value> standing) {
    result_.conflicts.push_back(conflict_of(c, edit, winner, kind, standing, standing));
    losses_[c].insert(edit.path);
  }

  // A change whose author knew both sides and touches the place again has decided.
  void settle_older_conflicts(std::size_t c, const Path& path) {
    const RecordId& id = inputs_[c].id;
    std::erase_if(result_.conflicts, [&](const Conflict& conflict) {
      return overlaps(conflict.path, path) && happened_before_(conflict.winner, id) && happened_before_(conflict.loser, id);
    });
  }

  void remember(std::size_t c, const Edit& edit, std::optional<json::value> before) {
    auto it = provenance_.lower_bound(edit.path);
    while (it != provenance_.end() && is_prefix(edit.path, it->first)) it = provenance_.erase(it);
    provenance_.emplace(edit.path, Provenance{c, edit.op, std::move(before), edit.value});
  }

  void tell_fates() {
    for (std::size_t c = 0; c < inputs_.size(); ++c) {
      ChangeFate fate{inputs_[c].id, ChangeFate::State::applied, {}};
      if (const auto skipped = skipped_.find(c); skipped != skipped_.end()) {
        fate.state = ChangeFate::State::skipped;
        fate.reason = skipped->second;
      } else if (!losses_[c].empty()) {
        const bool all = losses_[c].size() >= inputs_[c].change.edits.size();
        fate.state = all ? ChangeFate::State::lost : ChangeFate::State::partly;
        fate.reason = "lost " + to_pointer(*losses_[c].begin()) + " to a concurrent change";
      }
      result_.fates.push_back(std::move(fate));
    }
    for (Conflict& conflict : result_.conflicts) conflict.stood = what_stood(conflict.loser);
  }

  [[nodiscard]] std::vector<Path> what_stood(const RecordId& loser) const {
    std::vector<Path> stood;
    for (std::size_t c = 0; c < inputs_.size(); ++c) {
      if (inputs_[c].id != loser) continue;
      for (const Edit& edit : inputs_[c].change.edits) {
        if (!losses_[c].contains(edit.path)) stood.push_back(edit.path);
      }
    }
    return stood;
  }

  const std::vector<MergeInput>& inputs_;
  const HappenedBefore& happened_before_;
  Needs needs_;
  MergeResult result_;
  std::map<Path, Provenance> provenance_;
  std::vector<std::set<Path>> losses_;
  std::map<std::size_t, std::string> skipped_;
};

json::value& make_object_at(json::value& document, const Path& path) {
  json::value* at = &document;
  if (!at->is_object()) *at = json::object();
  for (const std::string& segment : path) {
    at = &at->get_object()[segment];
    if (!at->is_object()) *at = json::object();
  }
  return *at;
}

}  // namespace

bool apply_edit(json::value& document, const Edit& edit) {
  if (edit.op == EditOp::append) {
    json::value* array = find(document, edit.path);
    if (!array || !array->is_array()) return false;
    array->get_array().push_back(*edit.value);
    return true;
  }
  if (edit.path.empty()) {
    document = edit.op == EditOp::set ? *edit.value : json::value(json::object());
    return true;
  }
  const Path parent(edit.path.begin(), std::prev(edit.path.end()));
  if (edit.op == EditOp::set) {
    make_object_at(document, parent).get_object()[edit.path.back()] = *edit.value;
    return true;
  }
  json::value* holder = find(document, parent);
  if (holder && holder->is_object()) holder->get_object().erase(edit.path.back());
  return true;
}

MergeResult fold(std::vector<MergeInput> inputs, const HappenedBefore& happened_before) {
  std::ranges::sort(inputs, [](const MergeInput& a, const MergeInput& b) {
    return a.hlc != b.hlc ? a.hlc < b.hlc : a.id > b.id;
  });
  return Fold(inputs, happened_before).run();
}

RevisionId revision_of(const json::value& document) {
  Bytes hashed = libp2p::to_bytes("starling-revision");
  hashed.push_back(static_cast<std::uint8_t>(merge_level));
  libp2p::append(hashed, libp2p::as_bytes(canonical_json(document)));
  return RevisionId{libp2p::sha256(hashed)};
}

}  // namespace starling
