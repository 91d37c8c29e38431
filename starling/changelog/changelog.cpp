#include "starling/changelog/changelog.hpp"

#include <algorithm>
#include <deque>

namespace starling {

RecordPtr Changelog::get(const RecordId& id) const {
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : found->second.record;
}

// ---- what is taken ----

bool Changelog::is_settled(const Record& record) const {
  const auto covered = base_.covered.find(record.chain());
  return covered != base_.covered.end() && record.seq <= covered->second.seq;
}

bool Changelog::strays(const Record& record) const {
  const auto covered = base_.covered.find(record.chain());
  return covered != base_.covered.end() && record.seq == covered->second.seq + 1 &&
         record.prev != covered->second.id;
}

std::optional<RecordId> Changelog::first_missing_of(const Record& record) const {
  if (is_settled(record)) return std::nullopt;
  if (!record.prev.is_zero() && !knows(record.prev)) return record.prev;
  for (const RecordId& parent : record.parents) {
    if (!knows(parent)) return parent;
  }
  const Right right = right_of(record);
  return right.verdict == Right::Verdict::unknown ? std::optional(right.missing) : std::nullopt;
}

Right Changelog::right_of(const Record& record) const {
  if (!rule_ || is_settled(record)) return {};
  return rule_(record, [this](const RecordId& id) { return get(id); });
}

Result<> Changelog::check_against(const SignedRecord& signed_record) const {
  const Record& record = signed_record.record;
  if (const RecordPtr prev = get(record.prev)) {
    if (prev->record.chain() != record.chain() || prev->record.seq + 1 != record.seq) {
      return fail(Errc::protocol, "prev names a record that is not its predecessor (L2)");
    }
    if (record.hlc <= prev->record.hlc)
      return fail(Errc::protocol, "its clock is not above its predecessor's (L7)");
  }
  for (const RecordId& id : record.parents) {
    const RecordPtr parent = get(id);
    if (parent && record.hlc <= parent->record.hlc) {
      return fail(Errc::protocol, "its clock is not above that of its parent " + to_cid(id) + " (L7)");
    }
  }
  return {};
}

bool Changelog::is_rival(const Record& record) const {
  const auto chain = chains_.find(record.chain());
  if (chain == chains_.end()) return false;
  const auto same_place = chain->second.records.lower_bound({record.seq, RecordId{}});
  return same_place != chain->second.records.end() && same_place->first.first == record.seq;
}

bool Changelog::branches_off(const Record& record) const {
  if (!is_rival(record)) return false;
  // Where predecessors need not be known anything could be claimed to be one.
  if (is_settled(record) || strays(record)) return true;
  const auto& records = chains_.at(record.chain()).records;
  for (auto it = records.lower_bound({record.seq, RecordId{}});
       it != records.end() && it->first.first == record.seq; ++it) {
    if (it->second->record.prev == record.prev) return true;
  }
  return false;
}

Result<> Changelog::check_bounds(const SignedRecord& signed_record) const {
  const Record& record = signed_record.record;
  // What others rest on is taken whatever the bounds say.
  if (restoring_ || named_.contains(signed_record.id) || waiting_.awaits(signed_record.id)) return {};
  const auto known = vector_.find(record.chain());
  if (branches_off(record)) {
    const auto& fork = known->second.fork;
    const bool proves_more = !fork || record.seq < fork->seq;
    const bool full =
        branches_ >= max_branches || chains_.at(record.chain()).branches >= max_branches_of_chain;
    if (full && !proves_more)
      return fail(Errc::limit, "its author has forked its chains too often for all of it to be kept (L3)");
  }
  if (known != vector_.end()) return {};
  if (vector_.size() >= max_chains) return fail(Errc::limit, "the fleet has 65,536 incarnations already");
  const auto tips = tips_of_.find(record.author);
  if (tips == tips_of_.end() || tips->second < max_tips_of_author) return {};
  const bool joins = std::ranges::any_of(record.parents, [&](const RecordId& id) {
    if (!heads_.contains(id)) return false;
    const Record& tip = get(id)->record;
    return tip.author == record.author && is_counted_tip(tip);
  });
  if (!joins)
    return fail(Errc::limit, "its author has 64 heads already, and this record joins none of them (L2)");
  return {};
}

Changelog::Ingested Changelog::ingest(RecordPtr record, const PeerId& bringer) {
  return take(record, bringer);
}

Changelog::Ingested Changelog::restore(RecordPtr record) {
  restoring_ = true;
  Ingested result = take(record, {});
  restoring_ = false;
  return result;
}

Changelog::Ingested Changelog::take(const RecordPtr& record, const PeerId& bringer) {
  Ingested result;
  const auto end = [&](Outcome outcome, Errc code, std::string why) {
    result.outcome = outcome;
    result.why = {code, std::move(why)};
    return std::move(result);
  };
  const Record& r = record->record;
  if (holds(record->id) || waiting_.contains(record->id))
    return end(Outcome::duplicate, Errc::exists, "known");
  const bool is_genesis = r.kind == RecordKind::genesis;
  if ((is_genesis ? record->id : r.fleet) != fleet_)
    return end(Outcome::refused, Errc::refused, "a record of another fleet");
  if (right_of(r).verdict == Right::Verdict::denied)
    return end(Outcome::denied, Errc::refused, "its grant doesn't allow its author this record (L4)");
  if (const auto missing = still_missing(r, result)) {
    if (!let_wait(record, *missing, bringer))
      return end(Outcome::refused, Errc::limit, "too many records wait for their predecessors");
    return end(Outcome::waiting, Errc::not_found, "waits for " + to_cid(*missing));
  }
  Result<> sound = check_against(*record);
  if (sound) sound = check_bounds(*record);
  if (!sound) return end(Outcome::refused, sound.error().code, sound.error().message);
  if (says_nothing(*record) && !place_rival_of(*record, result)) {
    remember_half(record);
    return end(Outcome::duplicate, Errc::exists, "a checkpoint has settled it (L8)");
  }
  place(record, result);
  result.outcome = result.forks.empty() ? Outcome::added : Outcome::forked;
  if (!result.forks.empty())
    result.why = {Errc::protocol, "its author wrote two records with one number (L3)"};
  release_waiting(record->id, result);
  return result;
}

// What it remembers is taken now that something rests on it.
std::optional<RecordId> Changelog::still_missing(const Record& record, Ingested& result) {
  std::optional<RecordId> missing = first_missing_of(record);
  while (missing && place_half(*missing, result)) missing = first_missing_of(record);
  return missing;
}

bool Changelog::let_wait(const RecordPtr& record, const RecordId& missing, const PeerId& bringer) {
  if (!restoring_) return waiting_.add(record, missing, bringer);
  waiting_.restore(record, missing);
  return true;
}

// Settled, not kept, named by nobody: it could only prove a fork.
bool Changelog::says_nothing(const SignedRecord& record) const {
  return !restoring_ && is_settled(record.record) && !base_.kept.contains(record.id) &&
         !named_.contains(record.id) && !waiting_.awaits(record.id) && !is_rival(record.record);
}

bool Changelog::place_rival_of(const SignedRecord& record, Ingested& result) {
  const auto half = std::ranges::find_if(halves_, [&](const RecordPtr& other) {
    return other->record.seq == record.record.seq && other->record.chain() == record.record.chain() &&
           other->id != record.id;
  });
  if (half == halves_.end()) return false;
  place(take_half(half), result);
  return true;
}

bool Changelog::place_half(const RecordId& id, Ingested& result) {
  const auto half = std::ranges::find(halves_, id, [](const RecordPtr& other) { return other->id; });
  if (half == halves_.end()) return false;
  place(take_half(half), result);
  return true;
}

RecordPtr Changelog::take_half(std::deque<RecordPtr>::iterator half) {
  RecordPtr record = std::move(*half);
  halves_bytes_ -= record->envelope.size();
  halves_.erase(half);
  return record;
}

// The other half comes with it, if there is one: so the oldest may go.
void Changelog::remember_half(const RecordPtr& record) {
  const auto known = std::ranges::find(halves_, record->id, [](const RecordPtr& other) { return other->id; });
  if (known != halves_.end()) return;
  halves_.push_back(record);
  halves_bytes_ += record->envelope.size();
  while (halves_.size() > max_halves || halves_bytes_ > max_halves_bytes) (void)take_half(halves_.begin());
}

void Changelog::release_waiting(const RecordId& arrived, Ingested& result) {
  std::deque<RecordId> ready{arrived};
  while (!ready.empty()) {
    const RecordId id = ready.front();
    ready.pop_front();
    for (const auto& [record, bringer] : waiting_.release(id)) {
      // One at a time and without recursion: what it in turn releases is queued here; and of what rests on
      // what is denied much is denied as well.
      if (right_of(record->record).verdict == Right::Verdict::denied) {
        ready.push_back(record->id);
        continue;
      }
      if (const auto missing = still_missing(record->record, result)) {
        (void)let_wait(record, *missing, bringer);
        continue;
      }
      if (!check_against(*record) || !check_bounds(*record)) continue;
      place(record, result);
      ready.push_back(record->id);
    }
  }
}

void Changelog::place(const RecordPtr& record, Ingested& result) {
  const bool fork = branches_off(record->record);
  add_to_chain(record);
  order_.push_back(record);
  add_to_graph(record);
  if (fork) result.forks.push_back(record);
  result.added.push_back(record);
}

void Changelog::add_to_chain(const RecordPtr& record) {
  const Record& r = record->record;
  const bool rival = is_rival(r);
  const bool branch = branches_off(r);
  bytes_ += record->envelope.size();
  if (strays(r)) strays_.insert(r.chain());
  Chain& chain = chains_[r.chain()];
  chain.records.emplace(std::pair(r.seq, record->id), record);
  if (branch) {
    ++chain.branches;
    ++branches_;
  }
  ChainHead& head = vector_[r.chain()];
  if (rival) {
    note_fork(r);
  } else if (!head.fork && r.seq == head.seq + 1) {
    head.seq = r.seq;
    head.id = record->id;
  }
  if (head.fork) settled_.erase(r.chain());
}

// Which of the two came first here doesn't matter: the vector shows the chain up to the record before (L3).
void Changelog::note_fork(const Record& record) {
  const auto& records = chains_.at(record.chain()).records;
  const auto first = records.lower_bound({record.seq, RecordId{}});
  const ForkPoint point{record.seq, first->second->id, std::next(first)->second->id};
  ChainHead& head = vector_[record.chain()];
  if (head.fork && *head.fork <= point) return;
  const std::uint64_t uncounted_from = head.fork ? head.fork->seq : UINT64_MAX;
  for (auto it = first; it != records.end() && it->first.first < uncounted_from; ++it) {
    if (heads_.contains(it->first.second)) uncount_tip(record.author);
  }
  head.fork = point;
  end_before_fork(record.chain(), head);
}

// Who has forgotten what a checkpoint covers can't name what stands there: so nobody does.
void Changelog::end_before_fork(const ChainId& chain, ChainHead& head) const {
  head.seq = head.fork->seq - 1;
  head.id = {};
  const auto covered = base_.covered.find(chain);
  if (covered != base_.covered.end() && head.seq <= covered->second.seq) {
    if (head.seq == covered->second.seq) head.id = covered->second.id;
    return;
  }
  const auto& records = chains_.at(chain).records;
  const auto last = records.lower_bound({head.seq, RecordId{}});
  if (last != records.end() && last->first.first == head.seq) head.id = last->second->id;
}

void Changelog::add_to_graph(const RecordPtr& record) {
  const Record& r = record->record;
  // Who knew whom is told from what is not settled alone: of the rest some have forgotten a part.
  if (is_settled(r)) {
    records_.emplace(record->id, Held{record, ancestry_.add(std::nullopt, {}, false)});
    return;
  }
  const auto number_of = [this](const RecordId& id) -> std::optional<Ancestry::Number> {
    const auto found = records_.find(id);
    if (found == records_.end() || is_settled(found->second.record->record)) return std::nullopt;
    return found->second.number;
  };
  std::vector<Ancestry::Number> parents;
  for (const RecordId& parent : r.parents) {
    if (const auto number = number_of(parent)) parents.push_back(*number);
  }
  const std::optional<Ancestry::Number> prev = number_of(r.prev);
  remove_head(r.prev);
  for (const RecordId& parent : r.parents) remove_head(parent);
  add_head(*record);
  const bool only_tip = heads_.size() == 1 && heads_.contains(record->id);
  records_.emplace(record->id, Held{record, ancestry_.add(prev, parents, only_tip)});
}

bool Changelog::is_counted_tip(const Record& record) const {
  const auto head = vector_.find(record.chain());
  return head == vector_.end() || !head->second.fork || record.seq < head->second.fork->seq;
}

void Changelog::add_head(const SignedRecord& record) {
  if (heads_.insert(record.id).second && is_counted_tip(record.record)) ++tips_of_[record.record.author];
}

void Changelog::remove_head(const RecordId& id) {
  if (heads_.erase(id) == 0) return;
  const Record& record = get(id)->record;
  if (is_counted_tip(record)) uncount_tip(record.author);
}

void Changelog::uncount_tip(const PeerId& author) {
  const auto tips = tips_of_.find(author);
  if (--tips->second == 0) tips_of_.erase(tips);
}

// ---- what is asked ----

bool Changelog::knows_ends_of(const VersionVector& vector) const {
  return std::ranges::all_of(
      vector, [this](const auto& entry) { return entry.second.seq == 0 || knows(entry.second.id); });
}

std::vector<RecordPtr> Changelog::range(const ChainId& chain, std::uint64_t first_seq, std::size_t max_count,
                                        std::size_t max_bytes) const {
  std::vector<RecordPtr> records;
  const auto found = chains_.find(chain);
  if (found == chains_.end()) return records;
  std::size_t bytes = 0;
  for (auto it = found->second.records.lower_bound({first_seq, RecordId{}});
       it != found->second.records.end() && records.size() < max_count; ++it) {
    bytes += it->second->envelope.size();
    if (!records.empty() && bytes > max_bytes) break;
    records.push_back(it->second);
  }
  return records;
}

Hlc Changelog::latest(Hlc ceiling) const {
  Hlc latest;
  for (const auto& [id, chain] : chains_) {
    for (auto it = chain.records.rbegin(); it != chain.records.rend(); ++it) {
      const Hlc clock = it->second->record.hlc;
      if (clock > ceiling) continue;
      latest = std::max(latest, clock);
      // Of branches the longer need not be the later.
      if (chain.branches == 0) break;
    }
  }
  return latest;
}

bool Changelog::happened_before(const RecordId& earlier, const RecordId& later) const {
  const auto first = records_.find(earlier);
  const auto second = records_.find(later);
  if (first == records_.end() || second == records_.end()) return false;
  if (is_settled(first->second.record->record) || is_settled(second->second.record->record)) return false;
  return ancestry_.before(first->second.number, second->second.number);
}

void Changelog::protect(Protections protections) {
  protections_ = std::move(protections);
  settled_.clear();
  named_.clear();
  for (const auto& [chain, said] : protections_) {
    for (const auto& ruling : said.rulings) named_.insert(ruling.stands);
    named_.insert(said.anchored.begin(), said.anchored.end());
  }
  named_.erase(RecordId{});
}

Settlement Changelog::settle_from(const ChainId& chain, std::uint64_t from, const ChainProtections& said,
                                  bool beyond_base) const {
  const BranchTo branch_to = [&](const RecordId& id, std::uint64_t seq) {
    Branch branch;
    for (RecordPtr at = get(id); at && at->record.chain() == chain && at->record.seq >= seq;
         at = get(at->record.prev)) {
      branch.emplace_back(at->record.seq, at->id);
      if (beyond_base && strays(at->record)) return Branch{};
    }
    return branch;
  };
  return settle(said, from, branch_to);
}

// What is settled stands apart from that, and only what goes on from it can stand.
const Settlement& Changelog::settlement(const ChainId& chain, std::uint64_t from) const {
  const auto known = settled_.find(chain);
  if (known != settled_.end()) return known->second;
  const auto covered = base_.covered.find(chain);
  const std::uint64_t beyond = covered == base_.covered.end() ? 0 : covered->second.seq + 1;
  const auto found = protections_.find(chain);
  const ChainProtections said = found == protections_.end() ? ChainProtections{} : found->second;
  return settled_.emplace(chain, settle_from(chain, std::max(from, beyond), said, true)).first->second;
}

// The lowest number from which on the chain goes more than one way. Where the other side of a fork is not
// here, it is the one that the checkpoint covers.
std::uint64_t Changelog::forked_from(const ChainId& chain) const {
  const auto head = vector_.find(chain);
  std::uint64_t from = head != vector_.end() && head->second.fork ? head->second.fork->seq : UINT64_MAX;
  if (strays_.contains(chain)) from = std::min(from, base_.covered.at(chain).seq + 1);
  return from;
}

Standing Changelog::standing(const SignedRecord& signed_record) const {
  const Record& record = signed_record.record;
  if (is_settled(record)) return base_.kept.contains(signed_record.id) ? Standing::stands : Standing::settled;
  const std::uint64_t from = forked_from(record.chain());
  if (record.seq < from) return Standing::stands;
  const Settlement& settled = settlement(record.chain(), from);
  if (settled.standing.contains(signed_record.id)) return Standing::stands;
  return record.seq >= settled.void_from ? Standing::voided : Standing::quarantined;
}

bool Changelog::stands_by_itself(const SignedRecord& record) const {
  const ChainId chain = record.record.chain();
  const std::uint64_t from = forked_from(chain);
  if (record.record.seq < from) return true;
  const auto found = protections_.find(chain);
  ChainProtections said = found == protections_.end() ? ChainProtections{} : found->second;
  said.anchored.clear();
  return settle_from(chain, from, said, false).standing.contains(record.id);
}

RecordPtr Changelog::last_standing(const ChainId& chain) const {
  const auto head = vector_.find(chain);
  if (head == vector_.end()) return nullptr;
  const std::uint64_t from = forked_from(chain);
  RecordPtr last = get(head->second.id);
  if (from == UINT64_MAX) return last;
  if (last && last->record.seq >= from) last = nullptr;
  for (const RecordId& id : settlement(chain, from).standing) {
    RecordPtr record = get(id);
    if (!last || record->record.seq > last->record.seq) last = std::move(record);
  }
  return last;
}

bool Changelog::covered_by(const VersionVector& vector, const SignedRecord& record) const {
  const auto entry = vector.find(record.record.chain());
  if (entry == vector.end() || record.record.seq > entry->second.seq) return false;
  const auto known = vector_.find(record.record.chain());
  if (known == vector_.end() || !known->second.fork || record.record.seq < known->second.fork->seq)
    return true;
  if (is_settled(record.record)) return true;
  RecordPtr at = get(entry->second.id);
  while (at && at->record.seq > record.record.seq) at = get(at->record.prev);
  return at && at->id == record.id;
}

std::vector<RecordId> Changelog::missing() const {
  std::vector<RecordId> ids;
  for (const RecordId& id : named_) {
    if (!knows(id) && !waiting_.contains(id)) ids.push_back(id);
  }
  std::ranges::move(waiting_.missing(), std::back_inserter(ids));
  return ids;
}

// ---- checkpoints ----

bool includes(const VersionVector& vector, const VersionVector& earlier) {
  return std::ranges::all_of(earlier, [&](const auto& entry) {
    const auto covered = vector.find(entry.first);
    return covered != vector.end() && covered->second.seq >= entry.second.seq;
  });
}

Changelog::Ingested Changelog::set_base(LogBase base) {
  base_ = std::move(base);
  base_heads_.clear();
  for (const auto& [chain, covered] : base_.covered) {
    base_heads_.insert(covered.id);
    ChainHead& known = vector_[chain];
    if (known.fork) end_before_fork(chain, known);
    if (!known.fork && known.seq < covered.seq) known = {covered.seq, covered.id, std::nullopt};
    if (known.seq == 0 && !known.fork) vector_.erase(chain);
  }
  // What is settled is no part of the graph any more.
  hold_only(std::exchange(order_, {}));
  Ingested result;
  for (const auto& [record, bringer] : waiting_.release_all()) {
    Ingested one = take(record, bringer);
    std::ranges::move(one.added, std::back_inserter(result.added));
    std::ranges::move(one.forks, std::back_inserter(result.forks));
  }
  return result;
}

bool Changelog::goes_on_from_base(const SignedRecord& record) const {
  if (!base_.covered.contains(record.record.chain())) return true;
  if (is_settled(record.record)) return false;
  const SignedRecord* at = &record;
  while (at && !is_settled(at->record) && !strays(at->record)) at = get(at->record.prev).get();
  return !at || !strays(at->record);
}

bool Changelog::is_droppable(const SignedRecord& record) const {
  if (!is_settled(record.record) || base_.kept.contains(record.id)) return false;
  const auto head = vector_.find(record.record.chain());
  const auto& fork = head == vector_.end() ? std::nullopt : head->second.fork;
  return !fork || (record.id != fork->first && record.id != fork->second);
}

void Changelog::drop(const std::set<RecordId>& ids) {
  std::vector<RecordPtr> kept;
  for (RecordPtr& record : order_) {
    if (!ids.contains(record->id) || !is_droppable(*record)) kept.push_back(std::move(record));
  }
  hold_only(std::move(kept));
}

void Changelog::hold_only(std::vector<RecordPtr> records) {
  ++drops_;
  order_.clear();
  records_.clear();
  chains_.clear();
  heads_.clear();
  tips_of_.clear();
  ancestry_ = {};
  settled_.clear();
  strays_.clear();
  branches_ = 0;
  bytes_ = 0;
  for (const RecordPtr& record : records) {
    add_to_chain(record);
    order_.push_back(record);
    add_to_graph(record);
  }
}

}  // namespace starling
