// The fold of what was known at a point of the history, a slice at a time.
#pragma once

#include <set>
#include <variant>
#include <vector>

#include "starling/changelog/changelog.hpp"
#include "starling/history/stretch.hpp"

namespace starling {

// What was known there: these records and all that they build on, or the oldest so many changes.
using KnownThen = std::variant<std::vector<RecordId>, std::size_t>;

// The changes that take part in the merge now: others may come and go later. `log` must outlive it.
[[nodiscard]] Stretch present_stretch(const Changelog& log, Merge& merge);

// `log` must outlive it. Nothing may be forgotten of it while the fold goes on: that ends in Errc::busy.
class PastFold {
 public:
  PastFold(const Changelog& log, Stretch stretch, KnownThen known);
  PastFold(const PastFold&) = delete;
  PastFold& operator=(const PastFold&) = delete;

  // Takes up to so many changes a step further. True when nothing is left to do. Errors: busy, parse (a
  // change can't be read).
  [[nodiscard]] Result<bool> advance(std::size_t changes);
  // The same, where provenance() is to be asked for as well.
  [[nodiscard]] Result<bool> advance_provenance(std::size_t changes);

  // Once nothing is left to do.
  [[nodiscard]] Merge& merge() { return *stretch_.merge; }
  // With what they build on they are what was known. Ascending.
  [[nodiscard]] std::vector<RecordId> heads() const;

 private:
  [[nodiscard]] Result<bool> prepare(std::size_t changes);
  [[nodiscard]] bool was_known(const RecordId& change) const;
  [[nodiscard]] Result<> add(const SignedRecord& record);

  const Changelog& log_;
  const std::uint64_t drops_;
  const KnownThen known_;
  Stretch stretch_;
  std::size_t looked_at_ = 0;  // of its changes
  std::set<RecordId> tips_;    // of what was known: those that no other of it names
};

}  // namespace starling
