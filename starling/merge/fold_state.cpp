#include "starling/merge/fold_state.hpp"

#include <algorithm>
#include <utility>

namespace starling {
namespace {

// How far what is kept for one change (M5) is followed from reference to reference. A bound on work, not on
// sense: each round applies the change anew.
constexpr int max_rounds = 16;

const Path& listeners_path() {
  static const Path path{"listeners"};
  return path;
}

template <class... Calls>
struct Overloaded : Calls... {
  using Calls::operator()...;
};

}  // namespace

FoldState::FoldState(json::value& document, ConflictBook& conflicts, const Concurrency& concurrency,
                     std::size_t remembered_changes)
    : document_(document),
      conflicts_(conflicts),
      concurrency_(concurrency),
      remembered_changes_(remembered_changes) {
  restore(unset());
}

UndoSteps FoldState::apply(Node& node, std::size_t floor) {
  steps_.clear();
  forget_wishes(node, floor);
  const bool had_listeners = has_listeners(document_);
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
      const std::vector<Violation> violations = violations_by(touched_, document_, index_);
      if (violations.empty()) return {};
      if (round < max_rounds && drop_more(node, violations, drops)) {
        unwind(mark);
        continue;
      }
      const Invalid& first = violations.front().invalid;
      obstacle = to_pointer(first.path) + ": " + first.detail;
    }
    unwind(mark);
    return obstacle;
  }
}

FoldState::Drops FoldState::dropped_beforehand(Node& node) const {
  Drops drops;
  const std::vector<Edit>& edits = node.input.change.edits;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].op != EditOp::remove) continue;
    Needers needers = concurrency_.needing(node, edits[i].path);
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
    if (needers.empty()) continue;
    for (std::size_t length = 0; length <= violation.target.size() && !violation.target.empty(); ++length) {
      const Path above(violation.target.begin(),
                       violation.target.begin() + static_cast<std::ptrdiff_t>(length));
      const auto removed = removed_.find(above);
      if (removed == removed_.end()) continue;
      Needers& all = drops[removed->second];
      all.insert(all.end(), needers.begin(), needers.end());
      std::ranges::sort(all, {}, &Node::position);
      all.erase(std::ranges::unique(all).begin(), all.end());
    }
  }
  return drops.size() > size;
}

FoldState::Obstacle FoldState::apply_edits(Node& node, const Drops& drops) {
  touched_.clear();
  removed_.clear();
  const std::vector<Edit>& edits = node.input.change.edits;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    const auto dropped = drops.find(i);
    // Removing what is gone is a no-op, whoever needs it.
    if (dropped != drops.end() && member_at(document_, edits[i].path) != nullptr) {
      drop(node, i, dropped->second);
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

void FoldState::note_emptiness(Node& node, bool had_listeners) {
  Emptied now = emptied_;
  if (has_listeners(document_)) {
    now = {};
  } else if (had_listeners) {
    now = {&node, node.input.change.allow_empty};
  } else if (now.by != nullptr && !now.allowed && node.input.change.allow_empty) {
    // It need not be the one that took the last listener: two that empty concurrently, or one that says it
    // afterwards.
    const bool means_it = !concurrency_.concurrent(*now.by, node) ||
                          std::ranges::any_of(node.input.change.edits, [](const Edit& edit) {
                            return overlaps(edit.path, listeners_path());
                          });
    if (means_it) now = {&node, true};
  }
  if (now.by == emptied_.by && now.allowed == emptied_.allowed) return;
  steps_.emplace_back(undo::EmptiedWas{std::exchange(emptied_, now)});
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
                 [&](undo::Edited& was) {
                   const Path at = was.replaced.at;
                   put_back(document_, std::move(was.replaced));
                   index_.replace(at, member_at(document_, at));
                 },
                 [&](undo::Appended& was) {
                   json::array& array = member_at(document_, was.path)->get_array();
                   array.pop_back();
                   Path element = was.path;
                   element.push_back(std::to_string(array.size()));
                   index_.replace(element, nullptr);
                 },
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
                 [&](undo::EmptiedWas& was) { emptied_ = was.old; },
             },
             step);
}

FoldState::Image FoldState::image() const { return {document_, wishes_, made_, since_, kept_, emptied_}; }

void FoldState::restore(const Image& image) {
  document_ = image.document;
  wishes_ = image.wishes;
  made_ = image.made;
  since_ = image.since;
  kept_ = image.kept;
  emptied_ = image.emptied;
  index_.clear();
  index_.replace({}, &document_);
}

FoldState::Image FoldState::unset() {
  Image image;
  image.document = empty_document();
  return image;
}

}  // namespace starling
