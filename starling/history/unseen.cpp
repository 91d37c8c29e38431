#include "starling/history/unseen.hpp"

#include <algorithm>
#include <set>

#include "starling/model/order.hpp"

namespace starling {
namespace {

struct NewestFirst {
  bool operator()(const RecordPtr& a, const RecordPtr& b) const { return comes_before(*b, *a); }
};

}  // namespace

std::vector<RecordPtr> unseen(const Changelog& log, std::span<const RecordId> present,
                              std::span<const RecordId> seen,
                              const std::function<bool(const SignedRecord&)>& counts, std::size_t most) {
  // Clocks exceed those of what is built upon: what is taken from here is never added again.
  std::set<RecordPtr, NewestFirst> open;
  const auto was_seen = [&](const SignedRecord& record) {
    if (!seen.empty() && log.is_settled(record.record)) return true;
    return std::ranges::any_of(seen, [&](const RecordId& head) {
      return head == record.id || log.happened_before(record.id, head);
    });
  };
  const auto look_at = [&](const RecordId& id) {
    RecordPtr record = log.get(id);
    if (record && !was_seen(*record)) open.insert(std::move(record));
  };
  for (const RecordId& id : present) look_at(id);
  std::vector<RecordPtr> found;
  while (!open.empty() && found.size() < most) {
    const RecordPtr record = *open.begin();
    open.erase(open.begin());
    if (counts(*record)) found.push_back(record);
    if (!record->record.prev.is_zero()) look_at(record->record.prev);
    for (const RecordId& parent : record->record.parents) look_at(parent);
  }
  return found;
}

}  // namespace starling
