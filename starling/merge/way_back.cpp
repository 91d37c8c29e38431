// How Merge goes back to where a change comes in late: step by step, to a copy, or to the beginning; and what
// it keeps for that.
#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <ranges>
#include <span>
#include <utility>

#include "starling/merge/merge.hpp"

namespace starling {

// From the base, whatever was folded before.
void Merge::start_over() {
  undo_.clear();
  undo_weight_ = 0;
  snapshots_.clear();
  in_provenance_.reset();
  restore_snapshot(0);
}

// And so far that no change to come was written without knowing one whose wishes have been forgotten.
void Merge::go_back_far_enough(std::size_t position) {
  go_back(position);
  std::size_t floor = order_.size();
  for (std::size_t i = order_.size(); i-- > applied_;) floor = std::min(floor, order_[i]->first_unknown);
  while (floor < state_.since() && floor < applied_) {
    const std::size_t before = applied_;
    go_back(applied_ - 1);
    for (std::size_t i = applied_; i < before; ++i) floor = std::min(floor, order_[i]->first_unknown);
  }
}

void Merge::go_back(std::size_t position) {
  while (applied_ > position && !undo_.empty()) {
    undo_weight_ -= undo_.back().weight;
    state_.take_back(std::move(undo_.back().steps));
    undo_.pop_back();
    --applied_;
  }
  if (applied_ > position) restore_snapshot(position);
  lowest_ = std::min(lowest_, applied_);
  std::erase_if(snapshots_, [&](const Snapshot& snapshot) { return snapshot.position > applied_; });
}

void Merge::restore_snapshot(std::size_t position) {
  std::erase_if(snapshots_, [&](const Snapshot& snapshot) { return snapshot.position > position; });
  const bool any = !snapshots_.empty();
  applied_ = any ? snapshots_.back().position : 0;
  if (any) {
    state_.restore(snapshots_.back().image);
    conflicts_.rewind(applied_);
  } else {
    state_.begin(base_.get());
    conflicts_.begin(base_ ? base_->conflicts : std::vector<Conflict>());
  }
  for (const auto& node : order_) {
    const auto undone =
        std::erase_if(node->losses, [&](const Node::Loss& loss) { return loss.by->position >= applied_; });
    if (undone > 0) state_.note_loser(node->input.id);
  }
}

void Merge::keep_undo(UndoSteps steps) {
  const std::size_t bytes = weight(steps);
  undo_weight_ += bytes;
  undo_.push_back({std::move(steps), bytes});
  while (!undo_.empty() && (undo_.size() > limits_.undo_changes || undo_weight_ > limits_.undo_bytes)) {
    undo_weight_ -= undo_.front().weight;
    undo_.pop_front();
  }
}

void Merge::take_snapshot() {
  if (limits_.snapshot_bytes > 0) {
    FoldState::Image image = state_.image();
    const std::size_t bytes = weight(image);
    snapshots_.push_back({applied_, std::move(image), bytes});
    thin_snapshots();
  }
  const std::size_t undone = applied_ - undo_.size();
  conflicts_.forget_settled(snapshots_.empty() ? undone : std::min(undone, snapshots_.front().position));
}

// Of each distance, doubling, the two newest that are multiples of it; the newest first, as far as the bytes
// reach.
void Merge::thin_snapshots() {
  std::array<int, std::numeric_limits<std::size_t>::digits> kept_of_level{};
  std::size_t bytes = 0;
  std::vector<Snapshot> kept;
  for (Snapshot& snapshot : std::views::reverse(snapshots_)) {
    const auto level = static_cast<std::size_t>(std::countr_zero(snapshot.position / limits_.snapshot_every));
    const std::span levels(kept_of_level.data(), level + 1);
    const bool wanted = std::ranges::any_of(levels, [](int count) { return count < 2; });
    if (!wanted || bytes + snapshot.weight > limits_.snapshot_bytes) continue;
    for (int& count : levels) ++count;
    bytes += snapshot.weight;
    kept.push_back(std::move(snapshot));
  }
  std::ranges::reverse(kept);
  snapshots_ = std::move(kept);
}

}  // namespace starling
