#include "starling/history/causal_past.hpp"

namespace starling {

std::set<RecordId> causal_past(const Changelog& log, std::span<const RecordId> heads) {
  std::set<RecordId> past;
  std::vector<RecordPtr> open;
  const auto visit = [&](const RecordId& id) {
    if (RecordPtr record = log.get(id); record && past.insert(id).second) open.push_back(std::move(record));
  };
  for (const RecordId& head : heads) visit(head);
  while (!open.empty()) {
    const RecordPtr record = std::move(open.back());
    open.pop_back();
    if (!record->record.prev.is_zero()) visit(record->record.prev);
    for (const RecordId& parent : record->record.parents) visit(parent);
  }
  return past;
}

}  // namespace starling
