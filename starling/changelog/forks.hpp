// What stands of a forked chain (rule L3): a pure function of its records and of what senior keys said of it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "starling/changelog/version_vector.hpp"

namespace starling {

enum class Standing {
  stands,
  quarantined,  // at or past a fork, and nobody has said yet what stands
  voided,       // a ruling has: it counts for nothing, for ever
  settled,      // behind a checkpoint: it is in its state, or counts for nothing (L8)
};

// Said of one chain, most weighty first: rulings before anchors; among each the more senior author's, then
// the earlier (hlc, id).
struct ChainProtections {
  struct Ruled {
    std::uint64_t seq = 0;  // of the fork that it speaks of
    RecordId stands;        // zero: nothing from `seq` on
    friend bool operator==(const Ruled&, const Ruled&) = default;
  };
  std::vector<Ruled> rulings;
  std::vector<RecordId> anchored;
  friend bool operator==(const ChainProtections&, const ChainProtections&) = default;
};
using Protections = std::map<ChainId, ChainProtections>;

struct Settlement {
  std::set<RecordId> standing;           // at or past the fork
  std::uint64_t void_from = UINT64_MAX;  // what lies there and doesn't stand is void
};

// The record and those before it in its chain down to `seq`, highest first: empty when it is not held,
// belongs to another chain or lies before `seq`, or when a checkpoint ends before `seq` on another branch.
using Branch = std::vector<std::pair<std::uint64_t, RecordId>>;
using BranchTo = std::function<Branch(const RecordId& id, std::uint64_t seq)>;

[[nodiscard]] Settlement settle(const ChainProtections& said, std::uint64_t fork_seq,
                                const BranchTo& branch_to);

}  // namespace starling
