// The part of the reference evaluator that knows which checkpoint the fold begins with (L8).
#pragma once

#include <optional>

#include "starling/changelog/version_vector.hpp"
#include "starling/merge/state.hpp"
#include "tests/support/reference_evaluator.hpp"

namespace starling::reference {

struct Base {
  RecordId id;
  VersionVector vector;
  std::set<RecordId> kept;  // of what it covers, whatever has an effect of its own
  MergeState state;

  [[nodiscard]] bool settles(const Record& record) const {
    const auto entry = vector.find(record.chain());
    return entry != vector.end() && record.seq <= entry->second.seq;
  }
};

// From nothing, one after the other: of those that follow, stand and are right the one with the smallest id.
[[nodiscard]] std::optional<Base> find_base(const Input& input);

// What the records come to as a checkpoint says it that covers exactly these, but for what `before` has
// settled.
struct Folded {
  json::object tree;
  Provenances provenance;
  std::vector<Conflict> conflicts;
  unsigned level = 1;
};
[[nodiscard]] Folded fold_as_of(const Input& covered, const Base* before);

}  // namespace starling::reference
