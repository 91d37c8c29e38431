// The merge as changes come in: what fold() gives, kept up to date.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "starling/merge/fold.hpp"
#include "starling/merge/fold_state.hpp"

namespace starling {

// How far back a late change is reached step by step, and from how many copies further back. What lies before
// them is folded anew.
struct MergeLimits {
  std::size_t undo_changes = 4096;
  std::size_t undo_bytes = 4 * 1024 * 1024;
  std::size_t snapshot_every = 4096;  // changes; copies further back are twice as far apart, and so on
  std::size_t snapshot_bytes = 16 * 1024 * 1024;
  std::size_t remembered_changes = 256;  // one that did not know these enters without going back
};

// Owned by whoever owns the log. The result is a function of the set of changes alone: neither the order in
// which they come nor the batches they come in matter, nor that others came and went meanwhile.
class Merge {
 public:
  explicit Merge(HappenedBefore happened_before, MergeLimits limits = {});
  Merge(const Merge&) = delete;
  Merge& operator=(const Merge&) = delete;
  ~Merge();

  // Takes part from now on; nothing, if it does already.
  void add(MergeInput change);
  // Takes no part any more (it was found void, say); nothing, if it took none.
  void remove(const RecordId& change);
  // Exactly these take part.
  void reset(std::vector<MergeInput> changes);
  [[nodiscard]] bool contains(const RecordId& change) const { return by_id_.contains(change); }
  [[nodiscard]] std::size_t size() const noexcept { return by_id_.size(); }

  // Work is done here, once for all that came before. Valid until the next call of any other member.
  [[nodiscard]] const MergeResult& result();
  [[nodiscard]] MergeResult take() &&;
  // The changes whose fate has become another (or was told for the first time) since this was last asked.
  // Ascending.
  [[nodiscard]] std::set<RecordId> take_changed();

 private:
  struct Turn {
    UndoSteps steps;
    std::size_t weight = 0;
  };
  struct Snapshot {
    std::size_t position = 0;  // the changes before it are in it
    FoldState::Image image;
    std::size_t weight = 0;
  };

  void update();
  [[nodiscard]] std::size_t first_difference();
  void splice(std::size_t from);
  void go_back_far_enough(std::size_t position);
  void go_back(std::size_t position);
  void restore_snapshot(std::size_t position);
  void apply_rest();
  void keep_undo(UndoSteps steps);
  void take_snapshot();
  void thin_snapshots();
  void tell(std::size_t from);

  const HappenedBefore happened_before_;
  const MergeLimits limits_;
  std::uint64_t last_serial_ = 0;

  std::vector<std::unique_ptr<Node>> order_;  // M1
  std::map<RecordId, Node*> by_id_;           // of those that take part, or will
  std::vector<std::unique_ptr<Node>> arriving_;
  std::set<RecordId> leaving_;

  Concurrency concurrency_;
  ConflictBook conflicts_;
  MergeResult result_;
  FoldState state_;
  std::size_t applied_ = 0;  // changes of the order that had their turn
  std::size_t lowest_ = 0;   // to which this has sunk in the present update
  std::deque<Turn> undo_;    // of the last of them
  std::size_t undo_weight_ = 0;
  std::vector<Snapshot> snapshots_;  // by position
  std::set<RecordId> changed_;
};

}  // namespace starling
