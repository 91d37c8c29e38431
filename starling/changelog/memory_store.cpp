#include "starling/changelog/memory_store.hpp"

namespace starling {

Result<> MemoryStore::append(std::span<const RecordPtr> records) {
  if (failure_) return std::unexpected(*failure_);
  for (const RecordPtr& record : records) {
    if (index_.emplace(record->id, envelopes_.size()).second) envelopes_.push_back(record->envelope);
  }
  return {};
}

Result<std::vector<RecordPtr>> MemoryStore::load() {
  std::vector<RecordPtr> records;
  for (const Bytes& envelope : envelopes_) {
    LIBP2P_TRY(RecordPtr record, open_record(envelope));
    records.push_back(std::move(record));
  }
  return records;
}

Result<std::optional<std::string>> MemoryStore::fact(std::string_view name) {
  const auto found = facts_.find(name);
  if (found == facts_.end()) return std::optional<std::string>();
  return std::optional(found->second);
}

Result<> MemoryStore::set_fact(std::string_view name, std::string_view value) {
  if (failure_) return std::unexpected(*failure_);
  facts_.insert_or_assign(std::string(name), std::string(value));
  return {};
}

}  // namespace starling
