#include "starling/changelog/changelog.hpp"

#include <algorithm>
#include <deque>

namespace starling {

RecordPtr Changelog::get(const RecordId& id) const {
  if (const auto found = records_.find(id); found != records_.end()) return found->second;
  const auto rival = rivals_.find(id);
  return rival == rivals_.end() ? nullptr : rival->second;
}

std::vector<RecordId> Changelog::missing_of(const Record& record) const {
  std::vector<RecordId> missing;
  if (!record.prev.is_zero() && !holds(record.prev)) missing.push_back(record.prev);
  for (const RecordId& parent : record.parents) {
    if (!holds(parent)) missing.push_back(parent);
  }
  return missing;
}

// All that it names is held by now.
Result<> Changelog::check_against(const SignedRecord& signed_record) const {
  const Record& record = signed_record.record;
  if (!record.prev.is_zero()) {
    const Record& prev = get(record.prev)->record;
    if (prev.chain() != record.chain() || prev.seq + 1 != record.seq) {
      return fail(Errc::protocol, "prev names a record that is not its predecessor (L2)");
    }
    if (record.hlc <= prev.hlc) return fail(Errc::protocol, "its clock is not above its predecessor's (L7)");
  }
  for (const RecordId& parent : record.parents) {
    if (record.hlc <= get(parent)->record.hlc) {
      return fail(Errc::protocol, "its clock is not above that of its parent " + to_cid(parent) + " (L7)");
    }
  }
  return {};
}

void Changelog::add(const RecordPtr& record) {
  const Record& r = record->record;
  records_.emplace(record->id, record);
  chains_[r.chain()].emplace(r.seq, record);
  order_.push_back(record);
  ChainHead& head = vector_[r.chain()];
  if (!head.fork) {
    head.seq = r.seq;
    head.id = record->id;
  }
  heads_.erase(r.prev);
  for (const RecordId& parent : r.parents) heads_.erase(parent);
  heads_.insert(record->id);
  latest_ = std::max(latest_, r.hlc);
}

// Which of the two came first here doesn't matter: from the fork on, both and all that follows either are
// quarantined, and the vector shows the chain up to the record before (L3).
void Changelog::add_rival(const RecordPtr& record, const RecordPtr& standing) {
  const Record& r = record->record;
  rivals_.emplace(record->id, record);
  heads_.insert(record->id);
  std::set<RecordId> at_this_place{standing->id};
  for (const auto& [id, rival] : rivals_) {
    if (rival->record.chain() == r.chain() && rival->record.seq == r.seq) at_this_place.insert(id);
  }
  const ForkPoint point{r.seq, *at_this_place.begin(), *std::next(at_this_place.begin())};
  ChainHead& head = vector_[r.chain()];
  if (head.fork && *head.fork <= point) return;
  head.fork = point;
  head.seq = r.seq - 1;
  head.id = r.seq == 1 ? RecordId{} : chains_.at(r.chain()).at(r.seq - 1)->id;
}

void Changelog::hold_back(const RecordPtr& record, RecordId missing) {
  waiting_ids_.insert(record->id);
  waiting_bytes_ += record->envelope.size();
  waiting_.emplace(missing, record);
}

Changelog::Ingested Changelog::ingest(RecordPtr record) {
  Ingested result;
  const auto end = [&](Outcome outcome, Errc code, std::string why) {
    result.outcome = outcome;
    result.why = {code, std::move(why)};
    return std::move(result);
  };
  const Record& r = record->record;
  if (holds(record->id) || waiting_ids_.contains(record->id))
    return end(Outcome::duplicate, Errc::exists, "known");
  const bool is_genesis = r.kind == RecordKind::genesis;
  if ((is_genesis ? record->id : r.fleet) != fleet_)
    return end(Outcome::refused, Errc::refused, "a record of another fleet");

  if (const std::vector<RecordId> missing = missing_of(r); !missing.empty()) {
    if (waiting_.size() >= max_waiting || waiting_bytes_ + record->envelope.size() > max_waiting_bytes) {
      return end(Outcome::refused, Errc::limit, "too many records wait for their predecessors");
    }
    hold_back(record, missing.front());
    return end(Outcome::waiting, Errc::not_found, "waits for " + to_cid(missing.front()));
  }
  if (const Result<> sound = check_against(*record); !sound) {
    return end(Outcome::refused, sound.error().code, sound.error().message);
  }
  place(record, result);
  if (!result.forks.empty())
    result.why = {Errc::protocol, "its author wrote two records with one number (L3)"};
  result.outcome = result.forks.empty() ? Outcome::added : Outcome::forked;
  release_waiting(record->id, result);
  return result;
}

void Changelog::place(const RecordPtr& record, Ingested& result) {
  const auto chain = chains_.find(record->record.chain());
  if (chain == chains_.end() || !chain->second.contains(record->record.seq)) {
    add(record);
    result.added.push_back(record);
    return;
  }
  add_rival(record, chain->second.at(record->record.seq));
  result.forks.push_back(record);
}

void Changelog::release_waiting(const RecordId& arrived, Ingested& result) {
  std::deque<RecordId> ready{arrived};
  while (!ready.empty()) {
    const RecordId id = ready.front();
    ready.pop_front();
    const auto [first, last] = waiting_.equal_range(id);
    std::vector<RecordPtr> released;
    for (auto it = first; it != last; ++it) released.push_back(it->second);
    waiting_.erase(first, last);
    for (RecordPtr& record : released) {
      waiting_ids_.erase(record->id);
      waiting_bytes_ -= record->envelope.size();
      // One at a time and without recursion: what it in turn releases is queued here.
      if (const auto missing = missing_of(record->record); !missing.empty()) {
        hold_back(record, missing.front());
        continue;
      }
      if (!check_against(*record)) continue;
      place(record, result);
      ready.push_back(record->id);
    }
  }
}

std::vector<RecordPtr> Changelog::range(const ChainId& chain, std::uint64_t first_seq, std::size_t max_count,
                                        std::size_t max_bytes) const {
  std::vector<RecordPtr> records;
  const auto found = chains_.find(chain);
  if (found == chains_.end()) return records;
  std::size_t bytes = 0;
  for (auto it = found->second.lower_bound(first_seq);
       it != found->second.end() && records.size() < max_count; ++it) {
    bytes += it->second->envelope.size();
    if (!records.empty() && bytes > max_bytes) break;
    records.push_back(it->second);
  }
  return records;
}

bool Changelog::happened_before(const RecordId& earlier, const RecordId& later) const {
  const RecordPtr target = get(earlier);
  const RecordPtr start = get(later);
  if (!target || !start || earlier == later) return false;
  // Clocks rise along every edge (L7), so nothing at or below the target's clock can lead to it but itself.
  std::set<RecordId> seen;
  std::vector<RecordPtr> open{start};
  const auto visit = [&](const RecordId& id) {
    if (id == earlier) return true;
    const RecordPtr record = get(id);
    if (record && record->record.hlc > target->record.hlc && seen.insert(id).second) open.push_back(record);
    return false;
  };
  while (!open.empty()) {
    const RecordPtr record = open.back();
    open.pop_back();
    // Within one chain order is by number: no need to walk it.
    if (record->record.chain() == target->record.chain() && !rivals_.contains(earlier) &&
        !rivals_.contains(record->id)) {
      if (record->record.seq > target->record.seq) return true;
      continue;
    }
    if (!record->record.prev.is_zero() && visit(record->record.prev)) return true;
    for (const RecordId& parent : record->record.parents) {
      if (visit(parent)) return true;
    }
  }
  return false;
}

bool Changelog::quarantined(const Record& record) const {
  const auto head = vector_.find(record.chain());
  return head != vector_.end() && head->second.fork && record.seq >= head->second.fork->seq;
}

std::vector<RecordId> Changelog::missing() const {
  std::vector<RecordId> ids;
  for (auto it = waiting_.begin(); it != waiting_.end(); it = waiting_.upper_bound(it->first)) {
    // What is here and waits itself need not be asked for.
    if (!waiting_ids_.contains(it->first)) ids.push_back(it->first);
  }
  return ids;
}

}  // namespace starling
