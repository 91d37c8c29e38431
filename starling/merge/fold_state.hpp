// The tree of all scopes as far as it has been folded, and the rules by which the next change enters it (M2
// to M6, M10).
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "starling/merge/conflict_book.hpp"
#include "starling/merge/state.hpp"
#include "starling/merge/undo.hpp"
#include "starling/merge/working_tree.hpp"

namespace starling {

// Every edit of a change leaves a wish at its path. A change that comes later in the order wins where it
// goes: wishes of changes its author knew are superseded, those of concurrent ones that the document no
// longer fulfils are lost, with a conflict record. A removal that a concurrent change needs is dropped before
// anything is applied, so it doesn't matter which of the two comes first; and as what is kept must not
// dangle, so are removals of what it refers to.
//
// It may begin with a state that other changes have led to, which are not known any more. Of those counts
// when they were written: what is older loses to them, what is newer supersedes them (L8).
class FoldState {
 public:
  // All must outlive it. Wishes of the last `remembered_changes` are kept though nobody may ask for them.
  FoldState(json::value& tree, ConflictBook& conflicts, const Concurrency& concurrency,
            std::size_t remembered_changes);

  FoldState(const FoldState&) = delete;
  FoldState& operator=(const FoldState&) = delete;

  // The turn of the next change of the order: it is applied, or skipped. What it returns takes that back, as
  // long as the turns that followed have been taken back first.
  // `floor`: this one and all that follow knew all that stands before that position. So nobody will ask for
  // wishes from before it, and they are forgotten by and by.
  [[nodiscard]] UndoSteps apply(Node& node, std::size_t floor);
  void take_back(UndoSteps steps);

  // A copy to return to, but for conflicts and losses, which their owners rewind themselves.
  struct Image {
    json::value document;
    Wishes wishes;
    std::deque<MadeWish> made;
    std::size_t since = 0;
    Kept kept;
    EmptiedScopes emptied;
  };
  [[nodiscard]] Image image() const;
  void restore(const Image& image);
  // Back to before the first change: to nothing, or to `base`, which must outlive what is folded onto it.
  void begin(const MergeState* base);
  // About how many bytes it holds.
  [[nodiscard]] friend std::size_t weight(const Image& image) {
    return starling::weight(image.document) + starling::weight(image.wishes);
  }

  // Of the changes from this position on it has all wishes that stand.
  [[nodiscard]] std::size_t since() const noexcept { return since_; }
  [[nodiscard]] const EmptiedScopes& emptied() const noexcept { return emptied_; }
  [[nodiscard]] RevisionId revision(unsigned level) { return tree_.revision(level); }
  // The changes that lost something, or no longer do, since this was last asked.
  [[nodiscard]] std::set<RecordId> take_losers() { return std::exchange(losers_, {}); }
  void note_loser(const RecordId& id) { losers_.insert(id); }

 private:
  using Needers = std::vector<Node*>;
  // The edits of the change whose turn it is that are dropped, and who needs what they would remove.
  using Drops = std::map<std::size_t, Needers>;
  struct Contender {
    Path path;
    Wish wish;
    std::optional<json::value> base;
  };
  // Why a change can't enter; empty: it can.
  using Obstacle = std::string;

  void forget_wishes(const Node& node, std::size_t floor);
  [[nodiscard]] Obstacle enter(Node& node);
  [[nodiscard]] Drops dropped_beforehand(Node& node) const;
  [[nodiscard]] bool drop_more(Node& node, const std::vector<Violation>& violations, Drops& drops) const;
  [[nodiscard]] std::vector<std::size_t> removals_of(const Path& target) const;
  [[nodiscard]] Obstacle apply_edits(Node& node, const Drops& drops);
  [[nodiscard]] Obstacle apply_set(Node& node, std::size_t edit);
  [[nodiscard]] Obstacle apply_append(Node& node, std::size_t edit);
  [[nodiscard]] Obstacle apply_remove(Node& node, std::size_t edit);
  void drop(Node& node, std::size_t edit, const Needers& needers);
  // L8: does what the fold began with know better?
  [[nodiscard]] const Provenance* newer_in_base(const Node& node, const Edit& edit) const;
  void yield_to_base(Node& node, std::size_t edit, const Provenance& newer);
  void note_emptiness(Node& node, const std::map<std::string, bool>& had_listeners);

  void settle(Node& node, const Path& path);
  [[nodiscard]] Obstacle blocked_by_array(Node& node, const Path& path) const;
  [[nodiscard]] bool makes_room_only(Node& node, const Edit& edit) const;
  [[nodiscard]] std::vector<Contender> contenders(Node& node, const Path& path) const;
  [[nodiscard]] bool is_fulfilled(const Contender& contender) const;
  // Who of them lost to `node`'s edit, which has been made, and is no longer wished.
  void judge(Node& node, std::vector<Contender> contenders);
  void supersede(Node& node, const Path& place);
  void wish(Node& node, std::size_t edit, std::shared_ptr<const json::value> before);
  void erase_wish(const Path& path, const Node* node, std::size_t edit);
  struct Loss {
    Node* loser;
    std::size_t edit;
    Node* winner;  // nothing: what the fold began with
    RecordId winner_id;
    std::optional<json::value> base;
    std::optional<json::value> theirs;
  };
  void lose(Loss loss, Conflict::Kind kind, Node& turn);

  void edited(Replaced replaced);
  [[nodiscard]] std::vector<Wish>& wishes_at(const Path& path);
  void unwind(std::size_t mark);
  void take_back(undo::Step& step);

  WorkingTree tree_;
  ConflictBook& conflicts_;
  const Concurrency& concurrency_;
  const std::size_t remembered_changes_;
  const MergeState* base_ = nullptr;
  std::optional<Provenance> newest_in_base_;
  Wishes wishes_;
  std::deque<MadeWish> made_;
  std::size_t since_ = 0;
  Kept kept_;
  EmptiedScopes emptied_;

  std::set<RecordId> losers_;

  // Of the turn that is going on.
  UndoSteps steps_;
  std::vector<Path> touched_;
  std::map<Path, std::size_t> removed_;  // what its edits took away, and which did
};

}  // namespace starling
