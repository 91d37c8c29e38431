// The merge: every node folds the same valid changes to the same document (rules M1 to M8, M10).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "starling/model/change.hpp"
#include "starling/model/record.hpp"

namespace starling {

// The merge's rules have a level (M9); a revision is of its level.
inline constexpr unsigned merge_level = 1;

struct MergeInput {
  RecordId id;
  Hlc hlc;
  Change change;
};

// Did the author of the second know the first? (Changelog::happened_before)
using HappenedBefore = std::function<bool(const RecordId& earlier, const RecordId& later)>;

// Two changes that did not know of one another touched the same thing; one of them lost there (M4, M5).
struct Conflict {
  enum class Kind {
    overlap,          // the later in the order won
    removal_dropped,  // what was to be removed is needed by the other
  };
  Kind kind{};
  Path path;
  RecordId winner;
  RecordId loser;
  std::optional<json::value> base;    // before either
  std::optional<json::value> mine;    // what the loser wanted; nothing: to remove it
  std::optional<json::value> theirs;  // what stands by the winner
  std::vector<Path> stood;            // edits of the loser that were not touched
  EditOp op{};  // what the loser was about: a removal or an append has another `mine` than a set
};

struct ChangeFate {
  enum class State { applied, partly, lost, skipped };
  RecordId id;
  State state{};
  std::string reason;  // why it was skipped, or what it lost to
};

struct MergeResult {
  json::value document;
  std::vector<ChangeFate> fates;    // in the order of the fold
  std::vector<Conflict> conflicts;  // not settled by a later change that knew both
  // The last change that left the document without a listener, where there is none now (M10).
  std::optional<RecordId> emptied_by;
  bool empty_allowed = false;
};

// `inputs` in any order, and of each as many as there are. Pure. Merge keeps this up to date as changes come
// in.
[[nodiscard]] MergeResult fold(std::vector<MergeInput> inputs, const HappenedBefore& happened_before);

// Hash of (merge level, desired document): what a fleet's state is called.
[[nodiscard]] RevisionId revision_of(const json::value& document);

// Applies one edit as the fold does: parents are made, what is no object on the way gives way. False when
// nothing could be done (append to what is no array).
bool apply_edit(json::value& document, const Edit& edit);

}  // namespace starling
