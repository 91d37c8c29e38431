#include "starling/fleet/grantless.hpp"

namespace starling {

bool Grantless::has_room(const SignedRecord& record, const PeerId& bringer) const {
  const auto found = shares_.find(bringer);
  const Share share = found == shares_.end() ? Share{} : found->second;
  return entries_.size() + share.records + 1 <= max_records &&
         bytes_ + share.bytes + record.envelope.size() <= max_bytes;
}

void Grantless::add(const RecordPtr& record, const PeerId& bringer) {
  if (!entries_.emplace(record->id, Entry{record, bringer}).second) return;
  Share& share = shares_[bringer];
  ++share.records;
  share.bytes += record->envelope.size();
  bytes_ += record->envelope.size();
}

void Grantless::erase_if(const std::function<bool(const Record&)>& settled) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (!settled(it->second.record->record)) {
      ++it;
      continue;
    }
    const std::size_t bytes = it->second.record->envelope.size();
    const auto share = shares_.find(it->second.bringer);
    share->second.bytes -= bytes;
    bytes_ -= bytes;
    if (--share->second.records == 0) shares_.erase(share);
    it = entries_.erase(it);
  }
}

}  // namespace starling
