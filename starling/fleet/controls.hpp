// What root and admins said of the history itself, and what follows from all of it together (L3, L8, M9).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "starling/changelog/anchor.hpp"
#include "starling/changelog/changelog.hpp"
#include "starling/charter/charter.hpp"

namespace starling {

// Reads each anchor, checkpoint and ruling once. What of them stands is asked of a charter and a log each
// time: so the answers are functions of the set of records and of nothing else.
class Controls {
 public:
  // Passes over records of other kinds, and those that can't be read.
  void add(const RecordPtr& record);
  void forget(const RecordId& id);

  struct Anchored {
    RecordPtr record;
    Anchor anchor;
    [[nodiscard]] bool is_checkpoint() const { return record->record.kind == RecordKind::checkpoint; }
  };
  // Those that stand, checkpoints among them, in the order of the merge (M1).
  [[nodiscard]] std::vector<const Anchored*> anchors(const Charter& charter, const Changelog& log) const;
  // What is said of the chains that are forked in `log`.
  [[nodiscard]] Protections protections(const Charter& charter, const Changelog& log) const;
  // The checkpoints that stand and follow the one with this id (zero: none), by their ids.
  [[nodiscard]] std::vector<RecordPtr> followers(const RecordId& id, const Charter& charter,
                                                 const Changelog& log) const;
  // nullptr: it is no anchor, or not here.
  [[nodiscard]] const Anchored* find(const RecordId& id) const;
  // The ruling that settles a chain's fork, if there is one.
  [[nodiscard]] RecordPtr ruling_on(const ChainId& chain, const Charter& charter, const Changelog& log) const;

 private:
  struct Ruled {
    RecordPtr record;
    Ruling ruling;
  };
  [[nodiscard]] std::vector<const Ruled*> rulings(const Charter& charter, const Changelog& log) const;

  std::map<RecordId, Anchored> anchors_;
  std::map<RecordId, Ruled> rulings_;
};

}  // namespace starling
