// Which changes others have made void (rule L7).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "starling/model/hlc.hpp"
#include "starling/model/ids.hpp"

namespace starling {

// How far ahead of fleet time a record's clock may lie before it is held, and a node's own before it may not
// write (L7).
inline constexpr std::chrono::minutes clock_tolerance{5};

// A discard reaches only what was held when it was written, and it can't be told from a record when that was:
// so it is taken to reach what is further ahead of it than the tolerance. Whatever is discarded is later in
// the order than what discards it.
class Discards {
 public:
  // Does a discard with the first clock reach a change with the second?
  [[nodiscard]] static bool reaches(Hlc discard, Hlc change);

  // `by` takes part, and names `targets`.
  void add(const RecordId& by, Hlc clock, const std::vector<RecordId>& targets);
  // It takes part no more. Gives back what it named.
  std::vector<RecordId> remove(const RecordId& by);
  [[nodiscard]] bool contains(const RecordId& by) const { return by_.contains(by); }
  // The earliest that makes the change void, if any does.
  [[nodiscard]] std::optional<RecordId> reason(const RecordId& change, Hlc clock) const;

 private:
  std::map<RecordId, std::vector<RecordId>> by_;
  std::map<RecordId, std::set<std::pair<Hlc, RecordId>>> of_;
};

}  // namespace starling
