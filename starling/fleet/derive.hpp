// What a vector covers, folded by itself: what an anchor or a checkpoint of it says (rule L8).
#pragma once

#include "libp2p/base/env.hpp"
#include "libp2p/base/task.hpp"
#include "starling/charter/charter.hpp"
#include "starling/fleet/base.hpp"
#include "starling/history/stretch.hpp"

namespace starling {

using libp2p::Env;
using libp2p::Task;

struct Derived {
  RevisionId revision;
  MergeState state;
  std::vector<RecordId> kept;
};

// Has the record an effect beyond the state that it has led to? All has, but plain changes, and anchors and
// checkpoints that raise no level.
[[nodiscard]] bool has_lasting_effect(const Record& record);

// A function of what is covered and of nothing else: charter, levels and discards are those that follow from
// it, and no fork or ruling takes away what is covered. In slices, between which others have their turn;
// `log` and `checks` must outlive it. `from` is where the fold begins; nothing covered may be later than
// `latest`. Errors: not_found (some of it is not here), refused (it is no part of the history: it covers less
// than `from`, a record that stands elsewhere, or one that was yet to come), not_supported (it is of a level
// that this version doesn't know), busy (something was forgotten meanwhile: ask again).
[[nodiscard]] Task<Result<Derived>> derive(Env env, const Changelog& log, JoinChecks& checks, FleetId fleet,
                                           BasePtr from, VersionVector covered, Hlc latest);

// What the checkpoint has settled, to be looked back into. Errors: not_found (not all of it is held any
// more), refused, not_supported, busy.
[[nodiscard]] Task<Result<SettledStretch>> recall(Env env, const Changelog& log, JoinChecks& checks,
                                                  FleetId fleet, RecordId checkpoint);

}  // namespace starling
