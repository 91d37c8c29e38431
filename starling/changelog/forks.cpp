#include "starling/changelog/forks.hpp"

#include <algorithm>

namespace starling {
namespace {

// Both reach down to the same number: is one the beginning of the other?
bool compatible(const Branch& a, const Branch& b) {
  if (a.empty() || b.empty()) return true;
  const Branch& longer = a.size() > b.size() ? a : b;
  const Branch& shorter = a.size() > b.size() ? b : a;
  return longer[longer.size() - shorter.size()] == shorter.front();
}

}  // namespace

Settlement settle(const ChainProtections& said, std::uint64_t fork_seq, const BranchTo& branch_to) {
  Settlement result;
  Branch standing;
  // A ruling that names a record speaks of the whole fork, one that names none only of what lies past its
  // number: a lower fork may be proven later.
  for (const auto& ruling : said.rulings) {
    if (ruling.stands.is_zero()) {
      result.void_from = std::min(result.void_from, std::max(ruling.seq, fork_seq));
      continue;
    }
    standing = branch_to(ruling.stands, fork_seq);
    break;
  }
  const bool ruled = std::ranges::any_of(said.rulings, [](const auto& r) { return !r.stands.is_zero(); });
  if (!ruled) {
    for (const RecordId& anchored : said.anchored) {
      Branch branch = branch_to(anchored, fork_seq);
      if (compatible(branch, standing) && branch.size() > standing.size()) standing = std::move(branch);
    }
  }
  for (const auto& [seq, id] : standing) {
    if (seq < result.void_from) result.standing.insert(id);
  }
  if (ruled) result.void_from = fork_seq;
  return result;
}

}  // namespace starling
