// A stretch of the history: what is folded to look back into it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "libp2p/base/task.hpp"
#include "starling/history/knowledge.hpp"
#include "starling/merge/merge.hpp"

namespace starling {

struct Stretch {
  std::vector<RecordId> changes;  // that took part, in the order of the merge (M1)
  HappenedBefore knew;
  std::unique_ptr<Merge> merge;  // by the rules of that time, onto where the stretch begins; without changes
};

// What a checkpoint has settled, from where the one that it follows ends.
struct SettledStretch {
  Stretch stretch;
  std::shared_ptr<const Knowledge> records;  // of all of it, changes or not
  RecordId follows;                          // zero: it begins with nothing
};

// What lies behind the present, as the owner of the log knows it.
struct Settled {
  // Which one the fold begins with; zero: with nothing.
  std::function<RecordId()> checkpoint = [] { return RecordId{}; };
  // What that one has settled. Errors: not_found (not all of it is held any more, with the reason), busy.
  std::function<libp2p::Task<Result<SettledStretch>>(RecordId checkpoint)> recall;
};

}  // namespace starling
