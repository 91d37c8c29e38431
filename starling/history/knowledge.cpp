#include "starling/history/knowledge.hpp"

namespace starling {

void Knowledge::add(const SignedRecord& record) {
  std::vector<Ancestry::Number> parents;
  for (const RecordId& id : record.record.parents) {
    if (const auto number = number_of(id)) parents.push_back(*number);
  }
  numbers_.emplace(record.id, ancestry_.add(number_of(record.record.prev), parents, false));
}

bool Knowledge::before(const RecordId& earlier, const RecordId& later) const {
  const auto first = number_of(earlier);
  const auto second = number_of(later);
  return first && second && ancestry_.before(*first, *second);
}

std::optional<Ancestry::Number> Knowledge::number_of(const RecordId& id) const {
  const auto found = numbers_.find(id);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace starling
