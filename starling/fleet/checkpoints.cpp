// Anchors and checkpoints (rules L8, M9): the parts of Fleet that write them, compare them with what this
// node derives itself, begin with them, and forget what they cover.
#include <algorithm>

#include "starling/fleet/derive.hpp"
#include "starling/fleet/fleet.hpp"

namespace starling {
namespace {

// A fold only to compare: of more changes than this it isn't worth its time.
constexpr std::size_t max_compared_changes = 20'000;
// What a record holds besides its body.
constexpr std::size_t max_body_bytes = max_record_bytes - 64UZ * 1024;

// What is remembered over restarts besides the judge's verdicts.
constexpr std::string_view fact_base = "checkpoint";

std::optional<RecordId> id_in(const Facts& facts, std::string_view name) {
  const auto found = facts.find(name);
  if (found == facts.end()) return std::nullopt;
  const auto id = parse_record_id(found->second);
  return id ? std::optional(*id) : std::nullopt;
}

// Raises no level, if it is an anchor: it changes nothing of what is folded.
bool is_mere_anchor(const Record& record) {
  const bool anchor = record.kind == RecordKind::anchor || record.kind == RecordKind::checkpoint;
  return anchor && level_raised_by(record) == 0;
}

std::string to_fact(const BasePtr& base) { return base ? to_cid(base->record->id) : std::string(); }

}  // namespace

// ---- what is anchored ----

VersionVector Fleet::anchor_vector() const {
  VersionVector vector;
  for (const auto& [chain, head] : log_.vector()) {
    RecordPtr last = log_.last_standing(chain);
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
  for (const auto& [chain, head] : covered_by(base_)) {
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

bool Fleet::is_present(const VersionVector& vector) const {
  const auto covered = [&](const RecordPtr& record) {
    return log_.is_settled(record->record) || log_.covered_by(vector, *record) ||
           is_mere_anchor(record->record);
  };
  return settled() && held_.empty() &&
         std::ranges::none_of(log_.vector(),
                              [](const auto& entry) { return entry.second.fork.has_value(); }) &&
         std::ranges::all_of(log_.records(), covered);
}

Task<Result<RevisionId>> Fleet::revision_at(VersionVector vector, Hlc latest) {
  if (merge_.level() > newest_merge_level)
    co_return fail(Errc::not_supported, "a newer version's rules hold here (M9)");
  if (includes(vector, covered_by(base_)) && is_present(vector)) co_return merge_.revision();
  LIBP2P_CO_TRY(const Derived derived,
                co_await derive(env_, log_, join_checks_, id_, base_, std::move(vector), latest));
  co_return derived.revision;
}

// ---- writing ----

Task<Result<Anchor>> Fleet::next_anchor(std::uint32_t merge_level) {
  if (merge_level != 0 && (merge_level <= merge_.level() || merge_level > newest_merge_level)) {
    co_return fail(Errc::invalid_argument, "the fleet is at merge level " + std::to_string(merge_.level()) +
                                               " and this version knows levels up to " +
                                               std::to_string(newest_merge_level) + ": " +
                                               std::to_string(merge_level) + " can't follow");
  }
  Anchor anchor{anchor_vector(), {}, merge_level, id_of(base_)};
  LIBP2P_CO_TRY(anchor.revision, co_await revision_at(anchor.vector, ceiling()));
  co_return anchor;
}

Task<Result<Checkpoint>> Fleet::next_checkpoint() {
  if (!revision_) co_return fail(Errc::refused, "there is nothing yet that a checkpoint could carry");
  Checkpoint checkpoint;
  checkpoint.anchor.vector = anchor_vector();
  checkpoint.anchor.base = id_of(base_);
  LIBP2P_CO_TRY(Derived derived,
                co_await derive(env_, log_, join_checks_, id_, base_, checkpoint.anchor.vector, ceiling()));
  checkpoint.anchor.revision = derived.revision;
  checkpoint.kept = std::move(derived.kept);
  LIBP2P_CO_TRY(checkpoint.state, encode_state(derived.state));
  if (checkpoint.to_body().size() > max_body_bytes)
    co_return fail(Errc::limit, "the state and the charter are too large for a record of 8 MiB");
  co_return checkpoint;
}

Task<Result<RecordPtr>> Fleet::write_anchor(std::uint32_t merge_level) {
  LIBP2P_CO_CHECK(may_author(RecordKind::anchor));
  LIBP2P_CO_TRY(const Anchor anchor, co_await next_anchor(merge_level));
  co_return co_await author(RecordKind::anchor, anchor.to_body());
}

Task<Result<RecordPtr>> Fleet::write_checkpoint() {
  LIBP2P_CO_CHECK(may_author(RecordKind::checkpoint));
  LIBP2P_CO_TRY(const Checkpoint checkpoint, co_await next_checkpoint());
  // Not after what has come since, which it knows nothing of: as far as its author can help it.
  AuthoringContext context = authoring_context();
  context.avoids = [this, &checkpoint](const RecordId& id) {
    const RecordPtr record = log_.get(id);
    return is_void(id) || !record || !log_.covered_by(checkpoint.anchor.vector, *record);
  };
  std::vector<Draft> drafts;
  drafts.push_back({checkpoint.to_body(), author_.choose_parents(context)});
  LIBP2P_CO_TRY(const std::vector<RecordPtr> written,
                co_await author_all(RecordKind::checkpoint, std::move(drafts)));
  co_return written.front();
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

Task<> Fleet::compare_anchors() {
  while (!to_compare_.empty()) {
    RecordPtr anchor = std::move(to_compare_.front());
    to_compare_.erase(to_compare_.begin());
    co_await compare(std::move(anchor));
  }
  comparing_ = false;
}

// One that was folded from another checkpoint than ours says nothing of ours.
Task<> Fleet::compare(RecordPtr record) {
  const auto anchor = Anchor::from_body(record->record.body);
  const bool counts = anchor && anchor->base == id_of(base_) && log_.stands(*record) &&
                      charter_.judge(record->record) == Charter::Verdict::valid;
  if (!counts || merge_.size() > max_compared_changes) co_return;
  const auto revision = co_await revision_at(anchor->vector, latest_covered(record->record));
  if (revision && *revision != anchor->revision) tell_difference(record);
}

// ---- beginning with one ----

void Fleet::note(std::string_view name, std::string value) {
  facts_.insert_or_assign(std::string(name), value);
  new_facts_.insert_or_assign(std::string(name), std::move(value));
}

void Fleet::note_verdicts() {
  for (auto& [name, value] : judge_.facts()) {
    const auto known = facts_.find(name);
    if (known == facts_.end() ? !value.empty() : known->second != value) note(name, std::move(value));
  }
}

void Fleet::seek_base() {
  base_sought_ = true;
  seek_again_ = true;
  if (!std::exchange(seeking_base_, true)) tasks_.spawn("fleet.base", find_base());
}

Task<> Fleet::find_base() {
  while (std::exchange(seek_again_, false)) {
    const BasePtr horizon = horizon_;
    const RecordPtr newest = co_await judge_.newest(horizon);
    note_verdicts();
    seek_again_ = seek_again_ || horizon != horizon_;
    const RecordId id = newest ? newest->id : RecordId{};
    if (!seek_again_ && id != id_of(base_)) {
      const auto base = newest ? base_of(newest) : BasePtr();
      if (base) rest_on(*base);
    }
    const auto stored = co_await store_and_refresh(std::exchange(released_, {}));
    if (!stored) env_.log.error("checkpoint.not_stored", {{"why", stored.error().to_string()}});
  }
  seeking_base_ = false;
}

Result<BasePtr> Fleet::base_of(const RecordPtr& checkpoint) const {
  for (const BasePtr& known : {base_, horizon_}) {
    if (id_of(known) == checkpoint->id) return known;
  }
  return read_base(checkpoint);
}

void Fleet::rest_on(BasePtr base) {
  const bool onwards = base && includes(base->log.covered, covered_by(base_));
  base_ = std::move(base);
  note(fact_base, to_fact(base_));
  env_.log.info("checkpoint.adopted", {{"checkpoint", base_ ? to_fact(base_) : "none"}});
  merge_.set_base(base_ ? std::optional(base_->state) : std::nullopt);
  if (onwards) {
    Changelog::Ingested ingested = log_.set_base(base_->log);
    for (const RecordPtr& added : ingested.added) {
      sort_in(added);
      unstored_.insert(added->id);
    }
    std::ranges::move(ingested.added, std::back_inserter(released_));
  } else {
    rebuild_log();
  }
  evaluate_charter();
  consider(log_.records());
  update_merge();
  tell([](FleetObserver& observer) { observer.on_charter_changed(); });
}

// What was taken only because of the checkpoint that is left waits again.
void Fleet::rebuild_log() {
  std::vector<RecordPtr> records = log_.records();
  std::ranges::move(log_.waiting_records(), std::back_inserter(records));
  log_.clear();
  if (base_) (void)log_.set_base(base_->log);
  charter_records_.clear();
  unknown_records_.clear();
  controls_ = {};
  for (const RecordPtr& record : records) {
    for (const RecordPtr& added : log_.restore(record).added) sort_in(added);
  }
  for (const RecordPtr& record : records) {
    if (!log_.holds(record->id)) forget(*record);
  }
}

std::vector<UnseenCheckpoint> Fleet::unseen_checkpoints() {
  std::vector<UnseenCheckpoint> unseen;
  const std::vector<RecordPtr> waiting = log_.waiting_records();
  const auto is_due = [this](const RecordPtr& record) {
    return record->record.kind == RecordKind::checkpoint && record->record.hlc <= ceiling();
  };
  if (!judge_.has_open() && std::ranges::none_of(waiting, is_due)) return unseen;
  std::vector<RecordPtr> records;
  std::ranges::copy_if(charter_records_, std::back_inserter(records),
                       [this](const RecordPtr& record) { return log_.stands(*record); });
  Controls controls = controls_;
  for (const RecordPtr& record : waiting) {
    if (is_charter_record(record->record.kind)) records.push_back(record);
    if (is_due(record)) controls.add(record);
  }
  const Charter charter = Charter::evaluate(id_, records, join_checks_);
  for (const Controls::Anchored* anchored : controls.anchors(charter, log_)) {
    const VersionVector& vector = anchored->anchor.vector;
    if (anchored->is_checkpoint() && !log_.knows_ends_of(vector) && includes(vector, covered_by(base_)) &&
        !judge_.is_wrong(anchored->record->id))
      unseen.push_back({anchored->record, anchored->anchor.base});
  }
  return unseen;
}

Task<Result<>> Fleet::rest_on_unseen(RecordPtr checkpoint) {
  LIBP2P_CO_TRY(horizon_, read_base(checkpoint));
  note(horizon_fact, to_fact(horizon_));
  rest_on(horizon_);
  std::vector<RecordPtr> stored = std::exchange(released_, {});
  // It must be there after a restart, even if something that it names is still on its way.
  if (!log_.holds(checkpoint->id)) stored.push_back(checkpoint);
  seek_base();
  co_return co_await store_and_refresh(std::move(stored));
}

// The base comes before the records that are taken only because of it.
void Fleet::restore_base(const std::vector<RecordPtr>& records) {
  judge_.restore(facts_);
  const auto read = [&](std::string_view name) -> BasePtr {
    const auto id = id_in(facts_, name);
    const auto found =
        std::ranges::find_if(records, [&](const RecordPtr& record) { return id && record->id == *id; });
    if (found == records.end()) return nullptr;
    const auto base = base_of(*found);
    return base ? *base : nullptr;
  };
  horizon_ = read(horizon_fact);
  base_ = read(fact_base);
  if (!base_ || !includes(covered_by(base_), covered_by(horizon_))) base_ = horizon_;
  if (!base_) return;
  merge_.set_base(base_->state);
  (void)log_.set_base(base_->log);
}

// ---- forgetting ----

// But for what may be needed again (Changelog::is_droppable), and what the rest is put after, or written
// under. Whoever goes on with a chain goes on from what every checkpoint names; of other parents the next one
// need not.
std::set<RecordId> Fleet::droppable(const VersionVector& covered) const {
  std::set<RecordId> ids;
  std::set<RecordId> needed;
  std::set<RecordId> grants;
  for (const RecordPtr& record : log_.records()) {
    if (log_.covered_by(covered, *record)) {
      if (log_.is_droppable(*record)) ids.insert(record->id);
      continue;
    }
    const auto end = covered.find(record->record.chain());
    if (end == covered.end() || end->second.id != record->record.prev) needed.insert(record->record.prev);
    needed.insert(record->record.parents.begin(), record->record.parents.end());
    grants.insert(record->record.grant);
  }
  for (const RecordId& grant : grants) {
    needed.insert(grant);
    const RecordPtr record = log_.get(grant);
    if (!record || record->record.kind != RecordKind::admit) continue;
    if (const auto admit = Admit::from_body(record->record.body)) needed.insert(admit->invite);
  }
  for (const RecordId& id : needed) ids.erase(id);
  return ids;
}

// One that is right and old enough is not left any more, whatever is said of it later: others may have
// forgotten what it covers. Where checkpoints come quickly an older one than the present is due first.
Result<bool> Fleet::move_horizon(std::chrono::milliseconds keep) {
  const Controls::Anchored* due = base_ ? controls_.find(base_->record->id) : nullptr;
  while (due != nullptr && fleet_time() - due->record->record.hlc.wall() < keep)
    due = controls_.find(due->anchor.base);
  if (!settled() || due == nullptr || !judge_.is_right(due->record->id)) return false;
  if (!includes(due->anchor.vector, covered_by(horizon_))) return false;
  if (id_of(horizon_) == due->record->id) return true;
  LIBP2P_TRY(horizon_, base_of(due->record));
  note(horizon_fact, to_fact(horizon_));
  return true;
}

Task<Result<std::size_t>> Fleet::drop_covered(std::chrono::milliseconds keep, std::size_t above_bytes) {
  LIBP2P_CO_TRY(const bool due, move_horizon(keep));
  std::set<RecordId> ids;
  if (due && log_.bytes() > above_bytes) ids = droppable(horizon_->log.covered);
  for (const RecordId& id : ids) forget(*log_.get(id));
  if (!ids.empty()) log_.drop(ids);
  if (ids.empty() && new_facts_.empty()) co_return 0U;
  LIBP2P_CO_CHECK(co_await committer_.drop({ids.begin(), ids.end()}, std::exchange(new_facts_, {})));
  if (!ids.empty())
    env_.log.info("checkpoint.dropped", {{"records", ids.size()}, {"bytes_left", log_.bytes()}});
  co_return ids.size();
}

}  // namespace starling
