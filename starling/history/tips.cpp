#include "starling/history/tips.hpp"

namespace starling {
namespace {

template <class Visit>
void for_each_named(const Record& record, Visit visit) {
  if (!record.prev.is_zero()) visit(record.prev);
  for (const RecordId& parent : record.parents) visit(parent);
}

}  // namespace

void Tips::add(const SignedRecord& record) {
  if (!members_.insert(record.id).second) return;
  for_each_named(record.record, [this](const RecordId& named) {
    ++named_by_[named];
    tips_.erase(named);
  });
  if (!named_by_.contains(record.id)) tips_.insert(record.id);
}

void Tips::remove(const SignedRecord& record) {
  if (members_.erase(record.id) == 0) return;
  tips_.erase(record.id);
  for_each_named(record.record, [this](const RecordId& named) {
    const auto count = named_by_.find(named);
    if (--count->second > 0) return;
    named_by_.erase(count);
    if (members_.contains(named)) tips_.insert(named);
  });
}

}  // namespace starling
