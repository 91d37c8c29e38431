#include "starling/merge/fold_state.hpp"

#include <algorithm>
#include <utility>

namespace starling {
namespace {

// How far what is kept for one change (M5) is followed from reference to reference. A bound on work, not on
// sense: each round applies the change anew.
constexpr int max_rounds = 16;

// Has each scope that the change touches a listener?
std::map<std::string, bool> listeners_in(const json::value& tree, const Change& change) {
  std::map<std::string, bool> found;
  for (const Edit& edit : change.edits) {
    if (holds_configuration(edit.scope) && !found.contains(edit.scope))
      found.emplace(edit.scope, has_listeners(scope_document(tree, edit.scope)));
  }
  return found;
}

bool touches_listeners(const Change& change, const std::string& scope) {
  const Path listeners{scope, "listeners"};
  return std::ranges::any_of(change.edits, [&](const Edit& edit) { return overlaps(edit.path, listeners); });
}

template <class... Calls>
struct Overloaded : Calls... {
  using Calls::operator()...;
};

}  // namespace

FoldState::FoldState(json::value& tree, ConflictBook& conflicts, const Concurrency& concurrency,
                     std::size_t remembered_changes)
    : tree_(tree),
      conflicts_(conflicts),
      concurrency_(concurrency),
      remembered_changes_(remembered_changes) {}

UndoSteps FoldState::apply(Node& node, std::size_t floor) {
  steps_.clear();
  forget_wishes(node, floor);
  const std::map<std::string, bool> had_listeners = listeners_in(tree_.value(), node.input.change);
  node.skipped = enter(node);
  if (node.skipped.empty()) note_emptiness(node, had_listeners);
  return std::move(steps_);
}

// A few with each change, so that none pays for a large one before it; and not at once, so that a change that
// is somewhat late needn't go back for them.
void FoldState::forget_wishes(const Node& node, std::size_t floor) {
  floor = std::min(floor, node.position - std::min(node.position, remembered_changes_));
  std::size_t budget = 8 + 2 * node.input.change.edits.size();
  for (; budget > 0 && !made_.empty() && made_.front().node->position < floor; --budget) {
    const MadeWish oldest = made_.front();
    made_.pop_front();
    steps_.emplace_back(undo::WishForgotten{oldest});
    const Path& path = oldest.node->input.change.edits[oldest.edit].path;
    if (wishes_.contains(path)) erase_wish(path, oldest.node, oldest.edit);
  }
  if (!made_.empty()) floor = std::min(floor, made_.front().node->position);
  if (floor > since_) steps_.emplace_back(undo::SinceWas{std::exchange(since_, floor)});
}

FoldState::Obstacle FoldState::enter(Node& node) {
  if (!node.unusable.empty()) return node.unusable;
  const std::size_t mark = steps_.size();
  Drops drops = dropped_beforehand(node);
  for (int round = 1;; ++round) {
    Obstacle obstacle = apply_edits(node, drops);
    if (obstacle.empty()) {
      const std::vector<Violation> violations = tree_.violations_by(touched_, node.level);
      if (violations.empty()) return {};
      if (round < max_rounds && drop_more(node, violations, drops)) {
        unwind(mark);
        continue;
      }
      const Invalid& first = violations.front().invalid;
      obstacle = to_text(place_of(first.path)) + ": " + first.detail;
    }
    unwind(mark);
    return obstacle;
  }
}

FoldState::Drops FoldState::dropped_beforehand(Node& node) const {
  Drops drops;
  const std::vector<Edit>& edits = node.input.change.edits;
  const auto stands = [this](const Path& path) { return tree_.at(path) != nullptr; };
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].op != EditOp::remove) continue;
    Needers needers = concurrency_.needing(node, edits[i].path, stands);
    if (!needers.empty()) drops.emplace(i, std::move(needers));
  }
  return drops;
}

// What was kept for a concurrent change refers to what this one removes: that is needed as well.
bool FoldState::drop_more(Node& node, const std::vector<Violation>& violations, Drops& drops) const {
  const std::size_t size = drops.size();
  for (const Violation& violation : violations) {
    Needers needers;
    for (std::size_t length = 0; length <= violation.place.size(); ++length) {
      const auto kept = kept_.find(
          Path(violation.place.begin(), violation.place.begin() + static_cast<std::ptrdiff_t>(length)));
      if (kept == kept_.end()) continue;
      std::ranges::copy_if(kept->second, std::back_inserter(needers),
                           [&](Node* needer) { return concurrency_.concurrent(*needer, node); });
    }
    if (needers.empty() || violation.target.empty()) continue;
    for (const std::size_t removal : removals_of(violation.target)) {
      Needers& all = drops[removal];
      all.insert(all.end(), needers.begin(), needers.end());
      std::ranges::sort(all, {}, &Node::position);
      all.erase(std::ranges::unique(all).begin(), all.end());
    }
  }
  return drops.size() > size;
}

// The edits of the change whose turn it is that took `target` away, from whatever scope.
std::vector<std::size_t> FoldState::removals_of(const Path& target) const {
  std::vector<std::size_t> removals;
  for (auto scope = removed_.begin(); scope != removed_.end();) {
    const std::string name = scope->first.front();
    for (Path above{name};; above.push_back(target[above.size() - 1])) {
      if (const auto removed = removed_.find(above); removed != removed_.end())
        removals.push_back(removed->second);
      if (above.size() > target.size()) break;
    }
    while (scope != removed_.end() && scope->first.front() == name) ++scope;
  }
  return removals;
}

FoldState::Obstacle FoldState::apply_edits(Node& node, const Drops& drops) {
  touched_.clear();
  removed_.clear();
  node.idle.clear();
  const std::vector<Edit>& edits = node.input.change.edits;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    const auto dropped = drops.find(i);
    // Removing what is gone is a no-op, whoever needs it.
    if (dropped != drops.end() && tree_.at(edits[i].path) != nullptr) {
      drop(node, i, dropped->second);
      continue;
    }
    if (const Provenance* newer = newer_in_base(node, edits[i])) {
      yield_to_base(node, i, *newer);
      continue;
    }
    settle(node, edits[i].path);
    Obstacle obstacle;
    switch (edits[i].op) {
      case EditOp::set:
        obstacle = apply_set(node, i);
        break;
      case EditOp::append:
        obstacle = apply_append(node, i);
        break;
      case EditOp::remove:
        obstacle = apply_remove(node, i);
        break;
    }
    if (!obstacle.empty()) return obstacle;
  }
  return {};
}

void FoldState::note_emptiness(Node& node, const std::map<std::string, bool>& had_listeners) {
  EmptiedScopes now = emptied_;
  for (const auto& [scope, had] : had_listeners) {
    if (has_listeners(scope_document(tree_.value(), scope))) {
      now.erase(scope);
    } else if (had) {
      now[scope] = {node.input.id, &node, node.input.change.allow_empty};
    }
  }
  for (auto& [scope, emptied] : now) {
    if (emptied.allowed || !node.input.change.allow_empty) continue;
    // It need not be the one that took the last listener: two that empty concurrently, or one that says it
    // afterwards.
    const bool knew = emptied.node == nullptr || !concurrency_.concurrent(*emptied.node, node);
    if (knew || touches_listeners(node.input.change, scope)) emptied = {node.input.id, &node, true};
  }
  if (now != emptied_) steps_.emplace_back(undo::EmptiedWas{std::exchange(emptied_, std::move(now))});
}

void FoldState::unwind(std::size_t mark) {
  while (steps_.size() > mark) {
    take_back(steps_.back());
    steps_.pop_back();
  }
}

void FoldState::take_back(UndoSteps steps) {
  steps_ = std::move(steps);
  unwind(0);
}

void FoldState::take_back(undo::Step& step) {
  const auto put_back_at = [](auto& map, auto& was) {
    if (was.old) {
      map[was.path] = std::move(*was.old);
    } else {
      map.erase(was.path);
    }
  };
  std::visit(Overloaded{
                 [&](undo::Edited& was) { tree_.put_back(std::move(was.replaced)); },
                 [&](undo::Appended& was) { tree_.drop_last(was.path); },
                 [&](undo::WishesAt& was) { put_back_at(wishes_, was); },
                 [&](undo::WishMade&) { made_.pop_back(); },
                 [&](undo::WishForgotten& was) { made_.push_front(was.wish); },
                 [&](undo::SinceWas& was) { since_ = was.old; },
                 [&](undo::KeptAt& was) { put_back_at(kept_, was); },
                 [&](undo::Lost& was) {
                   was.node->losses.pop_back();
                   losers_.insert(was.node->input.id);
                 },
                 [&](undo::ConflictMade&) { conflicts_.drop_last(); },
                 [&](undo::ConflictSettled& was) { conflicts_.reopen(was.id); },
                 [&](undo::EmptiedWas& was) { emptied_ = std::move(was.old); },
             },
             step);
}

FoldState::Image FoldState::image() const { return {tree_.value(), wishes_, made_, since_, kept_, emptied_}; }

void FoldState::restore(const Image& image) {
  tree_.assign(image.document);
  wishes_ = image.wishes;
  made_ = image.made;
  since_ = image.since;
  kept_ = image.kept;
  emptied_ = image.emptied;
}

void FoldState::begin(const MergeState* base) {
  base_ = base;
  newest_in_base_.reset();
  Image image;
  image.document = unset_tree();
  if (base_ != nullptr) {
    image.document = base_->document;
    for (const auto& [scope, emptied] : base_->emptied)
      image.emptied.emplace(scope, Emptied{emptied.by, nullptr, emptied.allowed});
    for (const auto& [path, provenance] : base_->provenance) {
      if (!newest_in_base_ || provenance.is_after(newest_in_base_->hlc, newest_in_base_->change))
        newest_in_base_ = provenance;
    }
  }
  restore(image);
}

}  // namespace starling
