// The merge: every node folds the same valid changes to the same document (rules M1 to M8, M10).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "starling/merge/levels.hpp"
#include "starling/model/change.hpp"
#include "starling/model/record.hpp"

namespace starling {

struct MergeInput {
  RecordId id;
  Hlc hlc;
  Change change;
};

// Did the author of the second know the first? (Changelog::happened_before)
using HappenedBefore = std::function<bool(const RecordId& earlier, const RecordId& later)>;

// Edits of a change that no other one touched (M2), ascending. All conflicts that it lost share them: of a
// change of many edits both can be many. Nothing: none.
using Stood = std::shared_ptr<const std::vector<Place>>;
[[nodiscard]] inline std::span<const Place> places_of(const Stood& stood) {
  return stood ? std::span(*stood) : std::span<const Place>();
}

// Two changes that did not know of one another touched the same thing; one of them lost there (M4, M5).
struct Conflict {
  enum class Kind {
    overlap,          // the later in the order won
    removal_dropped,  // what was to be removed is needed by the other
  };
  Kind kind{};
  std::string scope{base_scope};
  Path path;        // in that scope
  RecordId winner;  // of a state that was begun with it may be all that is known
  RecordId loser;
  std::optional<json::value> base;    // before either, as far as it is known
  std::optional<json::value> mine;    // what the loser wanted; nothing: to remove it
  std::optional<json::value> theirs;  // what stands by the winner
  Stood stood;                        // of the loser
  EditOp op{};  // what the loser was about: a removal or an append has another `mine` than a set
};

struct ChangeFate {
  enum class State { applied, partly, lost, skipped };
  RecordId id;
  State state{};
  std::string reason;  // why it was skipped, or what it lost to
};

// Who left a scope without a listener that had one (M10).
struct Emptying {
  RecordId by;
  bool allowed = false;
  friend bool operator==(const Emptying&, const Emptying&) = default;
};

struct MergeResult {
  json::value document;             // the tree of all scopes
  std::vector<ChangeFate> fates;    // in the order of the fold
  std::vector<Conflict> conflicts;  // not settled by a later change that knew both
  // By scope: the last change that left it without a listener, where it has none now.
  std::map<std::string, Emptying> emptied;
};

// `inputs` in any order, and of each as many as there are. Pure. Merge keeps this up to date as changes come
// in.
[[nodiscard]] MergeResult fold(std::vector<MergeInput> inputs, const HappenedBefore& happened_before,
                               std::vector<LevelFrom> levels = {});

// Applies one edit to the document of its scope as the fold does: parents are made, what is no object on the
// way gives way. False when nothing could be done (append to what is no array).
bool apply_edit(json::value& document, const Edit& edit);
// The same in the tree of all scopes.
bool apply_to_tree(json::value& tree, const Edit& edit);

}  // namespace starling
