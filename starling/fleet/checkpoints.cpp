// Anchors and checkpoints (rules L8, M9): the parts of Fleet that write them, compare them with what this
// node derives itself, and forget what they cover.
#include <algorithm>

#include "starling/fleet/fleet.hpp"

namespace starling {
namespace {

// Of anchors that wait to be compared: each covers about what the one before it does.
constexpr std::size_t max_to_compare = 16;

// What is remembered over restarts: which checkpoint the log rests on, whether this node came to the same
// state, and which ones it knows to be wrong.
constexpr std::string_view fact_base = "checkpoint";
constexpr std::string_view fact_derived = "checkpoint.derived";
constexpr std::string_view fact_refuted = "checkpoint.refuted";

std::string_view fact(const Facts& facts, std::string_view name) {
  const auto found = facts.find(name);
  return found == facts.end() ? std::string_view() : std::string_view(found->second);
}

bool comes_before(const LevelFrom& level, Hlc hlc, const RecordId& id) {
  return level.hlc != hlc ? level.hlc < hlc : level.from > id;
}

}  // namespace

// ---- what is anchored ----

VersionVector Fleet::anchor_vector() const {
  VersionVector vector;
  for (const auto& [chain, head] : log_.vector()) {
    RecordPtr last = log_.last_standing(chain);
    if (!last && !head.fork && log_.base().contains(chain)) vector.emplace(chain, head);
    while (last && last->record.hlc > ceiling()) last = log_.get(last->record.prev);
    if (last) vector.emplace(chain, ChainHead{last->record.seq, last->id, std::nullopt});
  }
  // What waits for time, for its grant or for the disk is nobody's yet; nor is what follows it.
  std::vector<RecordId> waiting = not_considered();
  waiting.insert(waiting.end(), set_aside_.begin(), set_aside_.end());
  for (const auto& [clock, id] : held_) waiting.push_back(id);
  for (const RecordId& id : waiting) {
    const Record& record = log_.get(id)->record;
    const auto entry = vector.find(record.chain());
    if (entry == vector.end() || entry->second.seq < record.seq) continue;
    entry->second = {record.seq - 1, record.prev, std::nullopt};
    if (record.seq == 1) vector.erase(entry);
  }
  // What is settled stays covered.
  for (const auto& [chain, head] : base_vector_) {
    const auto [entry, inserted] = vector.try_emplace(chain, head);
    if (entry->second.seq < head.seq) entry->second = head;
  }
  return vector;
}

// Changes that are in the log and on their way to the disk: the merge has not seen them yet.
std::vector<RecordId> Fleet::not_considered() const {
  std::vector<RecordId> ids;
  if (settled()) return ids;
  for (const RecordPtr& record : log_.records()) {
    if (record->record.kind == RecordKind::change && !states_.contains(record->id)) ids.push_back(record->id);
  }
  return ids;
}

bool Fleet::holds_all_of(const VersionVector& vector) const {
  const bool past_base = std::ranges::all_of(base_vector_, [&](const auto& entry) {
    const auto covered = vector.find(entry.first);
    return covered != vector.end() && covered->second.seq >= entry.second.seq;
  });
  return past_base && std::ranges::all_of(vector, [&](const auto& entry) {
           const auto known = base_vector_.find(entry.first);
           const std::uint64_t from = known == base_vector_.end() ? 0 : known->second.seq;
           return entry.second.seq == from || log_.holds_run(entry.second.id, from);
         });
}

bool Fleet::is_present(const VersionVector& vector, const std::vector<LevelFrom>& levels) const {
  const auto covered = [&](const RecordId& id) { return log_.covered_by(vector, *log_.get(id)); };
  return settled() && levels.size() == levels_.size() &&
         std::ranges::none_of(held_, [&](const auto& held) { return covered(held.second); }) &&
         std::ranges::all_of(merged_->fates, [&](const ChangeFate& fate) { return covered(fate.id); });
}

Result<Fleet::Derived> Fleet::derive(const VersionVector& vector, const SignedRecord* before,
                                     std::size_t max_changes) {
  if (!holds_all_of(vector)) return fail(Errc::not_found, "not all that it covers is here");
  // What a change on its way to the disk makes void is not known yet.
  if (std::ranges::any_of(not_considered(),
                          [&](const RecordId& id) { return log_.covered_by(vector, *log_.get(id)); }))
    return fail(Errc::busy, "some of what it covers is on its way to the disk: try again");
  std::vector<LevelFrom> levels = levels_;
  if (before != nullptr) {
    std::erase_if(
        levels, [&](const LevelFrom& level) { return !comes_before(level, before->record.hlc, before->id); });
  }
  if (is_present(vector, levels)) return Derived{merge_.revision(), merge_.state()};
  if (merge_.size() > max_changes) return fail(Errc::limit, "too many changes to fold for a comparison");
  Merge scratch([this](const RecordId& earlier, const RecordId& later) {
    return log_.happened_before(earlier, later);
  });
  scratch.set_base(base_state_);
  scratch.set_levels(std::move(levels));
  for (const RecordPtr& record : log_.records()) {
    if (record->record.kind != RecordKind::change || !log_.covered_by(vector, *record) || in_base(*record))
      continue;
    if (!log_.stands(*record) || charter_.judge(record->record) != Charter::Verdict::valid) continue;
    const auto discard = discards_.reason(*record, [&] { return built_upon(*record); });
    if (discard && log_.covered_by(vector, *log_.get(*discard))) continue;
    if (auto change = Change::from_body(record->record.body))
      scratch.add({record->id, record->record.hlc, std::move(*change)});
  }
  return Derived{scratch.revision(), scratch.state()};
}

// ---- writing ----

Result<Anchor> Fleet::next_anchor(std::uint32_t merge_level) {
  if (merge_level != 0 && (merge_level <= merge_.level() || merge_level > newest_merge_level)) {
    return fail(Errc::invalid_argument, "the fleet is at merge level " + std::to_string(merge_.level()) +
                                            " and this version knows levels up to " +
                                            std::to_string(newest_merge_level) + ": " +
                                            std::to_string(merge_level) + " can't follow");
  }
  Anchor anchor{anchor_vector(), {}, merge_level};
  LIBP2P_TRY(const Derived derived, derive(anchor.vector, nullptr, SIZE_MAX));
  anchor.revision = derived.revision;
  return anchor;
}

Result<Checkpoint> Fleet::next_checkpoint() {
  if (!revision_) return fail(Errc::refused, "there is nothing yet that a checkpoint could carry");
  Checkpoint checkpoint;
  checkpoint.anchor.vector = anchor_vector();
  LIBP2P_TRY(const Derived derived, derive(checkpoint.anchor.vector, nullptr, SIZE_MAX));
  checkpoint.anchor.revision = derived.revision;
  if (base_) checkpoint.previous = base_->id;
  LIBP2P_TRY(checkpoint.state, encode_state(derived.state));
  return checkpoint;
}

Task<Result<RecordPtr>> Fleet::write_anchor(std::uint32_t merge_level) {
  LIBP2P_CO_CHECK(may_author(RecordKind::anchor));
  LIBP2P_CO_TRY(const Anchor anchor, next_anchor(merge_level));
  co_return co_await author(RecordKind::anchor, anchor.to_body());
}

Task<Result<RecordPtr>> Fleet::write_checkpoint() {
  LIBP2P_CO_CHECK(may_author(RecordKind::checkpoint));
  LIBP2P_CO_TRY(const Checkpoint checkpoint, next_checkpoint());
  co_return co_await author(RecordKind::checkpoint, checkpoint.to_body());
}

// ---- comparing ----

void Fleet::tell_difference(const RecordPtr& anchor) {
  env_.log.error("state.differs", {{"anchor", to_cid(anchor->id)},
                                   {"author", anchor->record.author.to_string()},
                                   {"hint",
                                    "this node and that one fold the same changes to different states: "
                                    "compare their versions"}});
  tell([&](FleetObserver& observer) { observer.on_state_differs(anchor); });
}

void Fleet::compare(const RecordPtr& record, std::size_t max_changes) {
  const auto anchor = Anchor::from_body(record->record.body);
  const bool counts =
      anchor && log_.stands(*record) && charter_.judge(record->record) == Charter::Verdict::valid;
  if (!counts) return;
  const auto derived = derive(anchor->vector, record.get(), max_changes);
  if (derived && derived->revision != anchor->revision) tell_difference(record);
  const bool later = !derived && (derived.error().code == Errc::busy ||
                                  (derived.error().code == Errc::limit && max_changes == 0));
  if (later && to_compare_.size() < max_to_compare) to_compare_.push_back(record);
}

// ---- adopting ----

bool Fleet::in_base(const SignedRecord& record) const {
  return base_ != nullptr && log_.covered_by(base_vector_, record);
}

// A node that holds all that a checkpoint covers believes itself rather than the checkpoint; Errc::busy: it
// can't say yet.
Result<bool> Fleet::refutes(const RecordPtr& record, const Checkpoint& checkpoint) {
  const auto derived = derive(checkpoint.anchor.vector, record.get(), SIZE_MAX);
  if (!derived && derived.error().code == Errc::busy) return std::unexpected(derived.error());
  if (!derived) return false;
  const auto own = encode_state(derived->state);
  if (!own || *own != checkpoint.state) return true;
  note(fact_derived, to_cid(record->id));
  return false;
}

void Fleet::note(std::string_view name, std::string value) {
  facts_.insert_or_assign(std::string(name), value);
  new_facts_.insert_or_assign(std::string(name), std::move(value));
}

void Fleet::refute(const RecordPtr& record) {
  refuted_.insert(record->id);
  std::string refuted;
  for (const RecordId& id : refuted_) refuted += to_cid(id) + " ";
  note(fact_refuted, std::move(refuted));
  tell_difference(record);
}

// After the merge has been brought up to date: the comparison is with what is folded now.
void Fleet::adopt_checkpoint() {
  adoption_waits_ = false;
  const Controls::Anchored* newest = controls_.checkpoint(charter_, log_, refuted_);
  while (newest != nullptr && !(base_ && base_->id == newest->record->id)) {
    const RecordPtr record = newest->record;
    const auto checkpoint = Checkpoint::from_body(record->record.body);
    auto state = decode_state(checkpoint->state);
    const Result<bool> refuted = state ? refutes(record, *checkpoint) : Result<bool>(true);
    if (!refuted) {
      adoption_waits_ = true;  // for what is on its way to the disk
      return;
    }
    if (!*refuted) {
      rest_on(record, checkpoint->anchor.vector, std::move(*state));
      return;
    }
    refute(record);
    newest = controls_.checkpoint(charter_, log_, refuted_);
  }
}

void Fleet::rest_on(const RecordPtr& checkpoint, const VersionVector& covered, MergeState state) {
  base_ = checkpoint;
  base_vector_ = covered;
  base_state_ = std::move(state);
  merge_.set_base(base_state_);
  Changelog::Ingested ingested = log_.set_base(covered);
  for (const RecordPtr& added : ingested.added) sort_in(added);
  std::ranges::move(ingested.added, std::back_inserter(released_));
  note(fact_base, to_cid(checkpoint->id));
  env_.log.info("checkpoint.adopted", {{"checkpoint", to_cid(checkpoint->id)}});
  consider(log_.records());
  update_merge();
}

// One that rests on records which nobody has any more can't be taken before what it says is known: so whether
// it stands is asked of all charter records that are here, those that wait included.
void Fleet::look_for_checkpoint_among_waiting(std::vector<RecordPtr>& stored) {
  const std::vector<RecordPtr> waiting = log_.waiting_records();
  const bool any = std::ranges::any_of(
      waiting, [](const RecordPtr& record) { return record->record.kind == RecordKind::checkpoint; });
  if (!any) return;
  std::vector<RecordPtr> records = charter_records_;
  Controls controls = controls_;
  for (const RecordPtr& record : waiting) {
    if (is_charter_record(record->record.kind)) records.push_back(record);
    controls.add(record);
  }
  const Charter charter = Charter::evaluate(id_, records, join_checks_);
  const Controls::Anchored* newest = controls.checkpoint(charter, log_, refuted_);
  if (newest == nullptr || log_.holds(newest->record->id) || log_.base() == newest->anchor.vector) return;
  Changelog::Ingested ingested = log_.set_base(newest->anchor.vector);
  for (RecordPtr& added : ingested.added) {
    sort_in(added);
    stored.push_back(std::move(added));
  }
}

// The base comes before the records that are taken only because of it.
void Fleet::restore_base(const std::vector<RecordPtr>& records) {
  std::string_view refuted = fact(facts_, fact_refuted);
  while (!refuted.empty()) {
    const std::size_t end = refuted.find(' ');
    if (const auto id = parse_record_id(refuted.substr(0, end))) refuted_.insert(*id);
    refuted.remove_prefix(end == std::string_view::npos ? refuted.size() : end + 1);
  }
  const auto base = parse_record_id(fact(facts_, fact_base));
  if (!base) return;
  for (const RecordPtr& record : records) {
    if (record->id != *base) continue;
    const auto checkpoint = Checkpoint::from_body(record->record.body);
    auto state = checkpoint ? decode_state(checkpoint->state) : fail(Errc::parse, "");
    if (!state) continue;
    base_ = record;
    base_vector_ = checkpoint->anchor.vector;
    base_state_ = std::move(*state);
    merge_.set_base(base_state_);
    (void)log_.set_base(base_vector_);
  }
}

// ---- forgetting ----

// What may be needed again: who is in the fleet, what was ruled and raised, what makes held changes void, and
// what records that are not covered rest on.
std::set<RecordId> Fleet::droppable(const VersionVector& covered) const {
  std::set<RecordId> ids;
  for (const RecordPtr& record : log_.records()) {
    if (!log_.covered_by(covered, *record)) continue;
    const Controls::Anchored* anchor = controls_.find(record->id);
    const bool change = record->record.kind == RecordKind::change && !discards_.contains(record->id);
    if (change || (anchor != nullptr && anchor->anchor.merge_level == 0)) ids.insert(record->id);
  }
  for (const RecordPtr& record : log_.records()) {
    if (log_.covered_by(covered, *record)) continue;
    ids.erase(record->record.prev);
    for (const RecordId& parent : record->record.parents) ids.erase(parent);
  }
  return ids;
}

Task<Result<std::size_t>> Fleet::drop_covered(std::chrono::milliseconds keep) {
  if (!base_ || fact(facts_, fact_derived) != to_cid(base_->id)) co_return 0U;
  // Where checkpoints come quickly an older one of them is due first.
  const Controls::Anchored* due = controls_.find(base_->id);
  while (due != nullptr && fleet_time() - due->record->record.hlc.wall() < keep)
    due = controls_.find(due->previous);
  if (due == nullptr) co_return 0U;
  const std::set<RecordId> ids = droppable(due->anchor.vector);
  if (ids.empty()) co_return 0U;
  for (const RecordId& id : ids) {
    controls_.forget(id);
    states_.erase(id);
  }
  log_.drop(ids);
  LIBP2P_CO_CHECK(co_await committer_.drop({ids.begin(), ids.end()}, {}));
  env_.log.info("checkpoint.dropped", {{"records", ids.size()}, {"bytes_left", log_.bytes()}});
  co_return ids.size();
}

}  // namespace starling
