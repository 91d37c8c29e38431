// The fleet's state at a point of its history: the fold of what was known there.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "starling/changelog/changelog.hpp"
#include "starling/history/point.hpp"
#include "starling/history/revision_log.hpp"
#include "starling/merge/merge.hpp"

namespace starling {

// A point as its tips: they and all that they build on are what was known there.
struct PastState {
  std::vector<RecordId> heads;         // ascending
  json::value tree;                    // of all scopes
  std::optional<RevisionId> revision;  // nothing: no change was known
};

// What a change was written upon.
struct Before {
  json::value tree;
  Provenances provenance;
};

// A view; what it looks at must outlive it. Only changes that take part in the merge today count: one that
// has become void since is not part of any past. Each answer but the present folds anew, at the cost of a
// cold start up to there.
class Past {
 public:
  Past(const Changelog& log, Merge& merge, const RevisionLog& revisions)
      : log_(log), merge_(merge), revisions_(revisions) {}

  // Errors: invalid_argument (a revision that is not told apart from others), not_found (a point that this
  // node doesn't know, or can't come back to, with the reason).
  [[nodiscard]] Result<PastState> at(const Point& point) const;
  // As its author saw it. Errors: not_found.
  [[nodiscard]] Result<Before> before(const RecordId& change) const;

 private:
  [[nodiscard]] Result<PastState> fold_at(std::vector<RecordId> heads) const;
  [[nodiscard]] Result<PastState> at_revision(const AtRevision& point) const;
  [[nodiscard]] Result<PastState> at_change(const AtChange& point) const;
  [[nodiscard]] Result<PastState> back(const BeforeNewest& point) const;
  // A merge of those of `records` that take part today.
  [[nodiscard]] Result<std::unique_ptr<Merge>> merge_of(const std::set<RecordId>& records) const;

  const Changelog& log_;
  Merge& merge_;
  const RevisionLog& revisions_;
};

}  // namespace starling
