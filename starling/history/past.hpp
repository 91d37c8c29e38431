// The fleet's state at a point of its history: the fold of what was known there.
#pragma once

#include <optional>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/task.hpp"
#include "libp2p/base/turn_queue.hpp"
#include "starling/changelog/changelog.hpp"
#include "starling/history/past_fold.hpp"
#include "starling/history/point.hpp"
#include "starling/history/revision_log.hpp"
#include "starling/history/stretch.hpp"
#include "starling/merge/merge.hpp"

namespace starling {

using libp2p::Env;
using libp2p::Task;

// A point as its tips: they and all that they build on are what was known there.
struct PastState {
  std::vector<RecordId> heads;         // ascending
  json::value tree;                    // of all scopes
  std::optional<RevisionId> revision;  // nothing: no change was known
  // The checkpoint that has settled the point, and more since: what it didn't know can't be told from its
  // heads any more.
  std::optional<RecordId> behind = std::nullopt;
};

// What a change was written upon.
struct Before {
  json::value tree;
  Provenances provenance;
};

struct PastLimits {
  std::size_t slice = 128;  // changes that are taken a step further before others get their turn
  std::size_t asked = 8;    // looks at the past at once, of which one is worked out: more are turned away
};

// Looked at through a log and its merge, which must outlive it. Only changes that take part in the merge
// today count: one that has become void since is not part of any past. Each answer but the present folds
// anew, at the cost of a cold start up to there, in slices: what comes meanwhile makes no difference, and
// where something was forgotten meanwhile it is to be asked for again (busy). Behind a checkpoint the fold
// begins where that did, as long as all that it has settled is held.
class Past {
 public:
  Past(Env env, const Changelog& log, Merge& merge, const RevisionLog& revisions, PastLimits limits = {},
       Settled settled = {});

  // Errors: invalid_argument (a revision that is not told apart from others), not_found (a point that this
  // node doesn't know, or can't come back to, with the reason), busy (try again).
  [[nodiscard]] Task<Result<PastState>> at(Point point);
  // As its author saw it. Errors: not_found, busy.
  [[nodiscard]] Task<Result<Before>> before(RecordId change);
  // Makes provenance() of the merge cost little, for now. Errors: busy (what comes in keeps it from getting
  // there).
  [[nodiscard]] Task<Result<>> prepare_provenance();

 private:
  struct Target {
    std::variant<std::vector<RecordId>, BeforeNewest> known;
    std::optional<RevisionId> revision;  // that it must come to, where that is how the point is named
    std::optional<RecordId> change;      // that must have taken part
  };
  // Where a target lies: what is folded, and how much of it.
  struct Section {
    Stretch stretch;
    KnownThen known;
    std::optional<RecordId> settled_by;
  };
  [[nodiscard]] std::optional<PastState> present_at(const Point& point) const;
  [[nodiscard]] Result<Target> target_of(const Point& point) const;
  [[nodiscard]] Result<Target> at_revision(const AtRevision& point) const;
  [[nodiscard]] Result<Target> at_change(const AtChange& point) const;
  [[nodiscard]] Result<Target> back(const BeforeNewest& point) const;
  [[nodiscard]] Result<std::vector<RecordId>> written_upon(const RecordId& change) const;
  [[nodiscard]] std::unexpected<Error> no_change_here(const RecordId& id) const;
  [[nodiscard]] Result<> has_room() const;
  // Is it behind the checkpoint that is begun with, as far as is known?
  [[nodiscard]] bool is_settled(const RecordId& record) const;
  [[nodiscard]] bool is_behind(const Target& target) const;
  [[nodiscard]] Task<Result<Section>> section_of(Target target) const;
  [[nodiscard]] Task<Result<Section>> section_behind(Target target) const;
  // Named by what is not settled, and the checkpoint, which nobody forgets.
  [[nodiscard]] PastState lasting(PastState state) const;
  [[nodiscard]] Task<bool> is_named(json::value tree, RevisionId revision) const;
  [[nodiscard]] Task<std::optional<PastState>> begun_with(Target target) const;
  [[nodiscard]] Task<Result<PastState>> fold(Target target) const;

  Env env_;
  const Changelog& log_;
  Merge& merge_;
  const RevisionLog& revisions_;
  PastLimits limits_;
  Settled settled_;
  libp2p::TurnQueue turns_;
};

}  // namespace starling
