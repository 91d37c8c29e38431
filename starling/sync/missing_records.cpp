#include "starling/sync/missing_records.hpp"

#include <algorithm>
#include <limits>

namespace starling {
namespace {

// Looked up in the log at once.
constexpr std::size_t chunk_records = 64;
constexpr std::size_t any_size = std::numeric_limits<std::size_t>::max();

}  // namespace

MissingRecords::MissingRecords(const Changelog& log, const PullRequest& request)
    : log_(log),
      stripe_(request.stripe),
      limit_(request.limit > 0 ? request.limit : std::numeric_limits<std::uint64_t>::max()) {
  for (const ChainRange& range : request.ranges) cursors_.push_back({range.chain, range.first, range.last});
  if (request.ranges.empty()) {
    if (request.vector != log.vector()) add_missing_of(request.vector);
    for (const RecordId& id : request.wanted) add_wanted(id, request.vector);
  }
  for (std::size_t i = 0; i < cursors_.size(); ++i) offer(i);
}

void MissingRecords::add_range(const ChainId& chain, std::uint64_t first, std::uint64_t last) {
  cursors_.push_back({chain, first, last});
  range_of_.insert_or_assign(chain, ChainRange{chain, first, last});
}

void MissingRecords::add_missing_of(const VersionVector& theirs) {
  constexpr std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
  for (const auto& [chain, ours] : log_.vector()) {
    const auto known = theirs.find(chain);
    const std::uint64_t first =
        known == theirs.end() ? 1 : known->second.seq + (differs_at(chain, known->second) ? 0 : 1);
    const std::uint64_t last = ours.fork ? end : ours.seq;
    const bool knows_fork = known != theirs.end() && known->second.fork;
    if (!knows_fork && first != 0 && first <= last) add_range(chain, first, last);
    // Past a fork that they know already nothing is missing: what waits there is asked for by name.
  }
  for (const auto& [chain, ours] : log_.vector()) {
    const auto known = theirs.find(chain);
    add_forks(chain, ours, known == theirs.end() ? nullptr : &known->second);
  }
}

// Do they have another record than we at their last place? Neither side may know of the fork yet: the two
// records are its proof.
bool MissingRecords::differs_at(const ChainId& chain, const ChainHead& theirs) const {
  if (theirs.seq == 0 || theirs.fork) return false;
  const auto ours = log_.range(chain, theirs.seq, 1, any_size);
  return !ours.empty() && ours.front()->record.seq == theirs.seq && ours.front()->id != theirs.id;
}

// The proof of a fork, where they have none or one that counts less; and where they hold two sides of it and
// we a third that makes a lower one of it, that.
void MissingRecords::add_forks(const ChainId& chain, const ChainHead& ours, const ChainHead* theirs) {
  const auto& known = theirs ? theirs->fork : std::nullopt;
  if (ours.fork && (!known || *ours.fork < *known)) {
    add_single(log_.get(ours.fork->first));
    add_single(log_.get(ours.fork->second));
  }
  if (!known) return;
  const auto at_fork = log_.range(chain, known->seq, 1, any_size);
  if (at_fork.empty() || at_fork.front()->record.seq != known->seq) return;
  const RecordId& id = at_fork.front()->id;
  if (id != known->first && id != known->second && id < known->second) add_single(at_fork.front());
}

// With its predecessors, as far as they are not known there: one side of a fork can be long.
void MissingRecords::add_wanted(const RecordId& id, const VersionVector& theirs) {
  RecordPtr record = log_.get(id);
  if (!record) return;
  const auto known = theirs.find(record->record.chain());
  const std::uint64_t known_seq = known == theirs.end() ? 0 : known->second.seq;
  while (add_single(record)) {
    record = log_.get(record->record.prev);
    if (record && record->record.seq <= known_seq) return;
  }
}

bool MissingRecords::in_a_range(const SignedRecord& record) const {
  const auto range = range_of_.find(record.record.chain());
  const std::uint64_t seq = record.record.seq;
  if (range == range_of_.end() || seq < range->second.first || seq > range->second.last) return false;
  // Of two with one number only one stands in the chain.
  const auto standing = log_.range(range->first, seq, 1, any_size);
  return !standing.empty() && standing.front()->id == record.id;
}

bool MissingRecords::add_single(const RecordPtr& record) {
  if (!record || in_a_range(*record)) return false;
  if (singles_.size() == max_singles || !singles_.insert(record->id).second) return false;
  cursors_.push_back({record->record.chain(), 1, 0, {record}});
  return true;
}

void MissingRecords::refill(Cursor& cursor) {
  if (!cursor.ahead.empty() || cursor.next > cursor.last) return;
  std::vector<RecordPtr> chunk;
  std::uint64_t reached = 0;
  // Past a fork several records have one number: a chunk ends with all of them or none.
  for (std::size_t size = chunk_records; reached == 0; size *= 2) {
    chunk = log_.range(cursor.chain, cursor.next, size, any_size);
    if (chunk.size() < size) {
      reached = cursor.last;
    } else if (const std::uint64_t last = chunk.back()->record.seq; last > chunk.front()->record.seq) {
      std::erase_if(chunk, [last](const RecordPtr& record) { return record->record.seq == last; });
      reached = last - 1;
    }
  }
  std::erase_if(chunk, [&cursor](const RecordPtr& record) { return record->record.seq > cursor.last; });
  if (reached < cursor.last) {
    cursor.next = reached + 1;
  } else {
    cursor.next = 1;  // nothing is left of it
    cursor.last = 0;
  }
  std::ranges::reverse(chunk);
  cursor.ahead = std::move(chunk);
}

void MissingRecords::offer(std::size_t cursor) {
  refill(cursors_[cursor]);
  if (cursors_[cursor].ahead.empty()) return;
  const SignedRecord& record = *cursors_[cursor].ahead.back();
  candidates_.push({record.record.hlc, record.id, cursor});
}

RecordPtr MissingRecords::take() {
  const std::size_t cursor = candidates_.top().cursor;
  candidates_.pop();
  RecordPtr record = std::move(cursors_[cursor].ahead.back());
  cursors_[cursor].ahead.pop_back();
  offer(cursor);
  return record;
}

RecordPtr MissingRecords::next() {
  while (!candidates_.empty() && place_ < limit_) {
    RecordPtr record = take();
    const std::uint64_t block = place_++ / stripe_block;
    if (block % stripe_.count == stripe_.index) return record;
  }
  return nullptr;
}

}  // namespace starling
