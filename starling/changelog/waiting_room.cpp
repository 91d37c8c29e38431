#include "starling/changelog/waiting_room.hpp"

#include <algorithm>

namespace starling {

std::size_t WaitingRoom::Room::part(std::size_t of_records, std::size_t of_bytes) const {
  constexpr std::size_t whole = 1 << 20;
  return std::max(of_records * whole / max_records, of_bytes * whole / max_bytes);
}

std::optional<std::uint64_t> WaitingRoom::Room::newest_of_greediest(std::size_t limit) const {
  std::optional<std::uint64_t> newest;
  for (const auto& [bringer, share] : shares) {
    const std::size_t taken = part(share.places.size(), share.bytes);
    if (taken <= limit) continue;
    limit = taken;
    newest = *share.places.rbegin();
  }
  return newest;
}

WaitingRoom::Room& WaitingRoom::room_for(const SignedRecord& record) {
  const RecordKind kind = record.record.kind;
  return is_charter_record(kind) || kind == RecordKind::checkpoint ? charter_ : history_;
}

bool WaitingRoom::add(const RecordPtr& record, const RecordId& missing, const PeerId& bringer) {
  Room& room = room_for(*record);
  const std::size_t bytes = record->envelope.size();
  while (room.records >= room.max_records || room.bytes + bytes > room.max_bytes) {
    const auto own = room.shares.find(bringer);
    const std::size_t with_this = own == room.shares.end()
                                      ? room.part(1, bytes)
                                      : room.part(own->second.places.size() + 1, own->second.bytes + bytes);
    const auto gives_way = room.newest_of_greediest(with_this);
    if (!gives_way) return false;
    (void)take(*gives_way);
  }
  put(record, missing, bringer);
  return true;
}

void WaitingRoom::restore(const RecordPtr& record, const RecordId& missing) { put(record, missing, {}); }

void WaitingRoom::put(const RecordPtr& record, const RecordId& missing, const PeerId& bringer) {
  Room& room = room_for(*record);
  const std::size_t bytes = record->envelope.size();
  const std::uint64_t place = arrivals_++;
  entries_.emplace(place, Entry{record, missing, bringer});
  places_.emplace(record->id, place);
  by_missing_[missing].insert(place);
  Share& share = room.shares[bringer];
  share.places.insert(place);
  share.bytes += bytes;
  room.bytes += bytes;
  ++room.records;
}

WaitingRoom::Entry WaitingRoom::take(std::uint64_t place) {
  Entry entry = std::move(entries_.extract(place).mapped());
  Room& room = room_for(*entry.record);
  const std::size_t bytes = entry.record->envelope.size();
  places_.erase(entry.record->id);
  const auto waiting = by_missing_.find(entry.missing);
  waiting->second.erase(place);
  if (waiting->second.empty()) by_missing_.erase(waiting);
  const auto share = room.shares.find(entry.bringer);
  share->second.places.erase(place);
  share->second.bytes -= bytes;
  if (share->second.places.empty()) room.shares.erase(share);
  room.bytes -= bytes;
  --room.records;
  return entry;
}

std::vector<WaitingRoom::Released> WaitingRoom::release(const RecordId& arrived) {
  std::vector<Released> released;
  const auto found = by_missing_.find(arrived);
  if (found == by_missing_.end()) return released;
  for (const std::uint64_t place : std::set(found->second)) {
    Entry entry = take(place);
    released.push_back({std::move(entry.record), std::move(entry.bringer)});
  }
  return released;
}

std::vector<WaitingRoom::Released> WaitingRoom::release_all() {
  std::vector<Released> released;
  while (!entries_.empty()) {
    Entry entry = take(entries_.begin()->first);
    released.push_back({std::move(entry.record), std::move(entry.bringer)});
  }
  return released;
}

std::vector<RecordId> WaitingRoom::missing() const {
  std::vector<RecordId> ids;
  for (const auto& [id, places] : by_missing_) {
    if (!contains(id)) ids.push_back(id);
  }
  return ids;
}

std::vector<RecordPtr> WaitingRoom::records() const {
  std::vector<RecordPtr> records;
  records.reserve(entries_.size());
  for (const auto& [place, entry] : entries_) records.push_back(entry.record);
  return records;
}

}  // namespace starling
