#include "starling/history/tips.hpp"

#include <map>
#include <set>

namespace starling {
namespace {

std::vector<RecordId> named_by(const Record& record) {
  std::vector<RecordId> ids = record.parents;
  if (!record.prev.is_zero()) ids.push_back(record.prev);
  return ids;
}

}  // namespace

std::vector<RecordId> tips_of(const Changelog& log, const std::function<bool(const SignedRecord&)>& belongs) {
  std::vector<RecordId> open(log.heads().begin(), log.heads().end());
  std::set<RecordId> seen;
  std::map<RecordId, RecordPtr> newest;
  while (!open.empty()) {
    const RecordId id = open.back();
    open.pop_back();
    const RecordPtr record = log.get(id);
    if (!record || !seen.insert(id).second) continue;
    if (belongs(*record)) {
      newest.emplace(id, record);
    } else {
      for (const RecordId& older : named_by(record->record)) open.push_back(older);
    }
  }
  std::set<RecordId> named;
  for (const auto& [id, record] : newest) {
    for (const RecordId& older : named_by(record->record)) named.insert(older);
  }
  std::vector<RecordId> tips;
  for (const auto& [id, record] : newest) {
    if (!named.contains(id)) tips.push_back(id);
  }
  return tips;
}

}  // namespace starling
