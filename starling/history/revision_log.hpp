// The revisions that this node has been at, and what was known at each: what a writer means by an ETag.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "starling/changelog/store.hpp"
#include "starling/model/ids.hpp"

namespace starling {

// `heads` are the tips of the changes that were folded into it: with all that they build on, they are the
// state.
struct KnownRevision {
  RevisionId revision;
  std::vector<RecordId> heads;  // ascending
};

// Bounded, the oldest are forgotten first. A revision can come back (a rollback, say): then the newest
// occurrence counts, since who saw it saw the same.
class RevisionLog {
 public:
  static constexpr std::size_t capacity = 4096;
  static constexpr std::size_t capacity_ids = 65'536;  // of all heads together
  // Of those, so many are kept over restarts, unless there were more heads at once than this.
  static constexpr std::size_t remembered = 1024;
  static constexpr std::size_t remembered_heads = 64;
  // As few digits of a revision are enough to name it.
  static constexpr std::size_t min_digits = 8;

  // Nothing, if that is the newest already.
  void add(KnownRevision known);

  // `digits`: the beginning of a revision in hexadecimal, or all of it. Valid until the next add().
  // Errors: invalid_argument (too few digits, or several revisions begin so), not_found (none that is known
  // here does).
  [[nodiscard]] Result<const KnownRevision*> find(std::string_view digits) const;
  // The revision at which exactly these were the newest changes, or nullptr.
  [[nodiscard]] const RevisionId* revision_at(const std::vector<RecordId>& heads) const;
  [[nodiscard]] std::size_t size() const noexcept { return known_.size(); }

  // The newest in the form in which it is remembered: in place of the one of `remembered` revisions before.
  // Empty where it is not to be remembered.
  [[nodiscard]] Facts newest_fact() const;
  // What was remembered comes before all that is there. What can't be read is left out.
  void restore(const Facts& facts);

 private:
  void forget_oldest();

  std::deque<KnownRevision> known_;  // oldest first
  std::size_t ids_ = 0;
  std::uint64_t newest_serial_ = 0;  // rises by one with each, over restarts too
};

}  // namespace starling
