// What DESIGN (sections 4 and 5) makes of a set of records, written down as slowly and plainly as it can be
// said: to be compared with what the nodes of a simulated fleet make of theirs. It shares the values and the
// bodies' decoders with them, and no rule.
//
// Of checkpoints it takes all that they cover to be among the records. Whether one says rightly which change
// has emptied a scope (M10) is not asked.
//
// Revocations are not in it. Of M6 it judges what a simulated fleet writes: the members at the top, and where
// `pass` leads.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "starling/charter/charter_records.hpp"
#include "starling/merge/fold.hpp"
#include "starling/model/document.hpp"
#include "starling/model/record.hpp"

namespace starling::reference {

// Which checkpoints were found right, and which wrong: that follows from what they cover, so it never
// changes.
using Known = std::map<RecordId, bool>;

struct Input {
  FleetId fleet;
  std::vector<RecordPtr> records;  // in any order, each once
  // Does it lie further ahead of fleet time than L7 lets pass?
  std::function<bool(const SignedRecord&)> ahead;
  Known* known = nullptr;  // remembered from one evaluation to the next
};

enum class Fate {
  applied,
  partly,       // some of its edits have lost (M4), or were removals that somebody needs (M5)
  lost,         // all of them
  skipped,      // M6, M9
  held,         // L7
  voided,       // L7: discarded or proposed anew; L3: a ruling says so
  quarantined,  // L3
  set_aside,    // L4: its grant is not known
  denied,       // L4: its grant is not its author's, or allows no changes
};
[[nodiscard]] std::string_view to_string(Fate fate);

struct Verdict {
  std::map<RecordId, Fate> fates;   // of every change that isn't settled (L8)
  json::object tree;                // the documents by scope
  std::vector<Conflict> conflicts;  // that are open (M4, M5), in whatever order
  unsigned level = 1;               // M9, at the end of the order
  std::map<PeerId, Role> members;
  std::map<PeerId, Labels> labels;
  std::set<RecordId> standing;  // anchors, checkpoints and rulings
  // Forked chains, and the lowest number that two records share.
  std::map<ChainId, std::uint64_t> forks;
  RecordId base;  // the checkpoint that the fold begins with; zero: with nothing
};

[[nodiscard]] Verdict evaluate(const Input& input);

}  // namespace starling::reference
