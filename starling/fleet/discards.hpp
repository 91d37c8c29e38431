// Which changes others have made void (rule L7).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "starling/changelog/changelog.hpp"
#include "starling/charter/charter.hpp"
#include "starling/merge/fold.hpp"

namespace starling {

// How far ahead of fleet time a record's clock may lie before it is held, and a node's own before it may not
// write (L7).
inline constexpr std::chrono::minutes clock_tolerance{5};

// A discard reaches only what was held when it was written, and it can't be told from a record when that was:
// so it is taken to reach what is further ahead of it than the tolerance. Whatever is discarded is later in
// the order than what discards it.
//
// A clock may be set back at will, so one who writes "long ago" could name all that came since. What another
// than its author has built upon is therefore safe from all but its author and admins: nobody builds upon
// what is held.
class Discards {
 public:
  // Does a discard with the first clock reach a change with the second?
  [[nodiscard]] static bool reaches(Hlc discard, Hlc change);

  struct Source {
    Hlc clock;
    RecordId by;
    PeerId author;
    bool senior = false;  // of an admin, or root
    friend auto operator<=>(const Source&, const Source&) = default;
  };
  // It takes part, and names `targets`.
  void add(const Source& source, const std::vector<RecordId>& targets);
  // It takes part no more. Gives back what it named.
  std::vector<RecordId> remove(const RecordId& by);
  [[nodiscard]] bool contains(const RecordId& by) const { return by_.contains(by); }
  // The earliest that makes the change void, if any does. `built_upon`: has another than its author built
  // upon it? It is asked only where that matters.
  [[nodiscard]] std::optional<RecordId> reason(const SignedRecord& change,
                                               const std::function<bool()>& built_upon) const;

  // Is it void only as long as nobody else has built upon it?
  [[nodiscard]] bool is_contestable(const SignedRecord& change) const {
    return reason(change, [] { return false; }) && !reason(change, [] { return true; });
  }

 private:
  std::map<RecordId, std::vector<RecordId>> by_;
  std::map<RecordId, std::set<Source>> of_;
};

// Does its author act in `role` or a more senior one, by the grant that it names?
[[nodiscard]] bool acts_at_least(const Record& record, Role role, const Charter& charter);
// Has another than its author, who may write, built upon it? `newest` are the newest records of all chains:
// who knows a record of a chain knows what stands before it there.
[[nodiscard]] bool built_upon(const SignedRecord& change, const std::vector<RecordPtr>& newest,
                              const HappenedBefore& knew, const Charter& charter);
[[nodiscard]] Discards::Source discard_by(const SignedRecord& record, const Charter& charter);

}  // namespace starling
