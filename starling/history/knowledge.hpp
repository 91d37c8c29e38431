// Who knew whom among some records.
#pragma once

#include <map>

#include "starling/changelog/ancestry.hpp"
#include "starling/model/record.hpp"

namespace starling {

class Knowledge {
 public:
  // In an order in which each follows what it depends on. What it names and has not been added is not known.
  void add(const SignedRecord& record);
  [[nodiscard]] bool contains(const RecordId& id) const { return numbers_.contains(id); }
  // Had the author of `later` seen `earlier`?
  [[nodiscard]] bool before(const RecordId& earlier, const RecordId& later) const;

 private:
  [[nodiscard]] std::optional<Ancestry::Number> number_of(const RecordId& id) const;

  std::map<RecordId, Ancestry::Number> numbers_;
  Ancestry ancestry_;
};

}  // namespace starling
