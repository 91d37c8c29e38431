#include "starling/changelog/memory_store.hpp"

namespace starling {

Result<> MemoryStore::append(std::span<const RecordPtr> records, const Facts& facts) {
  if (failure_) return std::unexpected(*failure_);
  for (const RecordPtr& record : records) {
    if (index_.emplace(record->id, envelopes_.size()).second) envelopes_.push_back(record->envelope);
  }
  for (const auto& [name, value] : facts) facts_.insert_or_assign(name, value);
  return {};
}

Result<Store::Contents> MemoryStore::load() {
  Contents contents;
  for (const Bytes& envelope : envelopes_) {
    LIBP2P_TRY(RecordPtr record, open_record(envelope));
    contents.records.push_back(std::move(record));
  }
  contents.facts = facts_;
  return contents;
}

}  // namespace starling
