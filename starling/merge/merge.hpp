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
#include "starling/merge/levels.hpp"
#include "starling/merge/provenance_book.hpp"

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

// Owned by whoever owns the log. The result is a function of the set of changes, the levels and the base
// alone: neither the order in which they come nor the batches they come in matter, nor that others came and
// went meanwhile.
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

  // The fold begins with this state instead of with nothing (L8). Which changes are in it is for the owner to
  // know: those take no part any more. Its conflicts are open until a later change touches the place.
  void set_base(std::optional<MergeState> base);
  [[nodiscard]] const MergeState* base() const noexcept { return base_.get(); }
  // Of the standing anchors that raise the level (M9). Before the first of them it is 1.
  void set_levels(std::vector<LevelFrom> levels);
  // That of the next change, and of the revision. Above newest_merge_level nothing that is told here counts:
  // what is known of the rules is too old.
  [[nodiscard]] unsigned level() const { return levels_.last(); }

  // Another one that folds by the same rules from the same base, and has no changes yet. It is to fold once:
  // whatever comes or goes after that makes it fold all of them again.
  [[nodiscard]] std::unique_ptr<Merge> begin_anew(HappenedBefore happened_before) const;

  // Does a part of the work that the members below would do at once, for an owner who has other things to do
  // in between: each of up to `changes` changes is taken a step further, of which there are three, and one
  // with many edits counts as many. True when nothing is left to do.
  bool advance(std::size_t changes);
  // The same for provenance() and state(), with one step more.
  bool advance_provenance(std::size_t changes);

  // Work is done by these, once for all that came before. What they refer to is valid until the next call of
  // any member that is not const.
  [[nodiscard]] const MergeResult& result();
  [[nodiscard]] MergeResult take() &&;
  // The fates that have become others (or were told for the first time) since this was last asked. In the
  // order of the fold.
  [[nodiscard]] std::vector<ChangeFate> take_changed();
  // What the state is called. After a small change it costs little.
  [[nodiscard]] RevisionId revision();
  [[nodiscard]] const Provenances& provenance();
  // What a checkpoint of all that takes part would carry (L8).
  [[nodiscard]] MergeState state();

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

  class Budget;

  // Brings all up to date. What has come since the last update was begun waits until that one is done.
  void update();
  [[nodiscard]] bool up_to_date() const;
  // The steps of an update: the order, in one go; and then, change by change, who knows whom, their turns,
  // and what is told of them.
  void begin_update();
  void go_on(Budget& budget);
  void enter_rest(Budget& budget);
  void apply_rest(Budget& budget);
  void tell_rest(Budget& budget);
  void begin_turns();
  void end_update();
  void follow_provenance(Budget& budget);
  [[nodiscard]] std::size_t first_difference();
  // Those of the order whose level has become another one.
  [[nodiscard]] std::vector<Node*> relevelled();
  void start_over();
  void splice(std::size_t from);
  void go_back_far_enough(std::size_t position);
  void go_back(std::size_t position);
  void restore_snapshot(std::size_t position);
  void keep_undo(UndoSteps steps);
  void take_snapshot();
  void thin_snapshots();
  void tell(Node& node);
  void forget_provenance(std::size_t from);

  const HappenedBefore happened_before_;
  const MergeLimits limits_;
  std::uint64_t last_serial_ = 0;

  std::vector<std::unique_ptr<Node>> order_;  // M1
  std::map<RecordId, Node*> by_id_;           // of those that take part, or will
  std::vector<std::unique_ptr<Node>> arriving_;
  std::set<RecordId> leaving_;
  Levels levels_;
  bool levels_changed_ = false;
  std::shared_ptr<const MergeState> base_;
  bool base_changed_ = false;

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

  // An update that has been begun, and not ended.
  enum class Stage : std::uint8_t { none, entering, turns, telling } stage_ = Stage::none;
  std::vector<Node*> renewed_;       // new in the order, or of another level
  std::vector<std::size_t> floors_;  // of those whose turn is to come, the last first: see FoldState::apply()
  std::size_t told_ = 0;             // changes of the order that have been told

  ProvenanceBook provenance_book_;
  std::optional<std::size_t> in_provenance_;  // changes of the order that it has followed, if it has begun
  std::optional<Provenances> provenance_;     // as last asked, if nothing has changed since
};

}  // namespace starling
