// The newest of a set of records: those that no other of the set names as predecessor or parent.
#pragma once

#include <map>
#include <set>
#include <span>

#include "starling/model/record.hpp"

namespace starling {

// Kept up to date as records enter and leave, in any order. That a record of another kind lies between two of
// the set hides that the older one is known: naming it besides does no harm.
class Tips {
 public:
  // Nothing, if it is in the set already.
  void add(const SignedRecord& record);
  // Nothing, if it is not in the set.
  void remove(const SignedRecord& record);
  // Ascending.
  [[nodiscard]] const std::set<RecordId>& ids() const noexcept { return tips_; }

 private:
  std::set<RecordId> members_;
  std::map<RecordId, std::size_t> named_by_;  // how many of the set name it, whether it is in the set or not
  std::set<RecordId> tips_;
};

}  // namespace starling
