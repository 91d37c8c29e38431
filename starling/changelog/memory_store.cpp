#include "starling/changelog/memory_store.hpp"

namespace starling {

Result<> MemoryStore::append(std::span<const RecordPtr> records, const Facts& facts) {
  if (failure_) return std::unexpected(*failure_);
  for (const RecordPtr& record : records) {
    if (index_.emplace(record->id, appended_).second) envelopes_.emplace(appended_++, record->envelope);
  }
  for (const auto& [name, value] : facts) facts_.insert_or_assign(name, value);
  return {};
}

Result<> MemoryStore::drop(std::span<const RecordId> ids, const Facts& facts) {
  if (failure_) return std::unexpected(*failure_);
  for (const RecordId& id : ids) {
    const auto found = index_.find(id);
    if (found == index_.end()) continue;
    envelopes_.erase(found->second);
    index_.erase(found);
  }
  for (const auto& [name, value] : facts) facts_.insert_or_assign(name, value);
  return {};
}

Result<Store::Contents> MemoryStore::load() {
  Contents contents;
  for (const auto& [position, envelope] : envelopes_) {
    LIBP2P_TRY(RecordPtr record, open_record(envelope));
    contents.records.push_back(std::move(record));
  }
  contents.facts = facts_;
  return contents;
}

}  // namespace starling
