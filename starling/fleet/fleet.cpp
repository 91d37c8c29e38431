#include "starling/fleet/fleet.hpp"

#include <algorithm>

namespace starling {
namespace {

ChangeState state_of(ChangeFate::State state) {
  switch (state) {
    case ChangeFate::State::applied:
      return ChangeState::applied;
    case ChangeFate::State::partly:
      return ChangeState::partly;
    case ChangeFate::State::lost:
      return ChangeState::lost;
    case ChangeFate::State::skipped:
      return ChangeState::skipped;
  }
  return ChangeState::skipped;
}

}  // namespace

std::string_view to_string(ChangeState state) noexcept {
  switch (state) {
    case ChangeState::applied:
      return "applied";
    case ChangeState::partly:
      return "partly";
    case ChangeState::lost:
      return "lost";
    case ChangeState::skipped:
      return "skipped";
    case ChangeState::held:
      return "held";
    case ChangeState::set_aside:
      return "set-aside";
    case ChangeState::quarantined:
      return "quarantined";
    case ChangeState::denied:
      return "denied";
    case ChangeState::voided:
      return "void";
  }
  return "unknown";
}

Fleet::Fleet(Env env, FleetId fleet, PrivateKey node_key, Store& store)
    : env_(env),
      id_(fleet),
      node_(PeerId::from_public_key(node_key.public_key())),
      committer_(env, store),
      store_(store),
      author_(std::move(node_key), env.random.u64()),
      log_(fleet),
      merge_([this](const RecordId& earlier, const RecordId& later) {
        return log_.happened_before(earlier, later);
      }),
      merged_(&merge_.result()),
      fleet_time_told_(env.clock.wall()),
      told_at_(env.now()) {}

Result<> Fleet::load() {
  LIBP2P_TRY(Store::Contents contents, store_.load());
  facts_ = std::move(contents.facts);
  for (const RecordPtr& record : contents.records) {
    const Changelog::Ingested ingested = log_.restore(record);
    if (ingested.outcome == Changelog::Outcome::refused) {
      return fail(Errc::parse, "the store holds a record that breaks the rules, " + to_cid(record->id) +
                                   ": " + ingested.why.message);
    }
    for (const RecordPtr& added : ingested.added) sort_in(added);
  }
  evaluate_charter();
  consider(log_.records());
  update_merge();
  return {};
}

Task<> Fleet::stop() { co_await committer_.stop(); }

Hlc Fleet::ceiling() const { return Hlc::at(fleet_time() + clock_tolerance); }

libp2p::WallTime Fleet::fleet_time() const {
  return fleet_time_told_ + std::chrono::duration_cast<std::chrono::milliseconds>(env_.now() - told_at_);
}

AuthoringContext Fleet::authoring_context() const {
  return {id_, log_, env_.clock.wall(), ceiling(), env_.random.u64()};
}

void Fleet::sort_in(const RecordPtr& record) {
  const RecordKind kind = record->record.kind;
  controls_.add(record);
  if (!is_known(kind)) {
    unknown_records_.push_back(record);
  } else if (is_charter_record(kind)) {
    charter_records_.push_back(record);
  }
}

void Fleet::ingest(const RecordPtr& record, const PeerId& bringer, std::vector<RecordPtr>& stored,
                   Accepted& accepted) {
  if (charter_.founded() && charter_.judge(record->record) == Charter::Verdict::denied) {
    accepted.refused.emplace_back(record->id,
                                  Error{Errc::refused, "the charter does not allow its author this record"});
    return;
  }
  Changelog::Ingested ingested = log_.ingest(record, bringer);
  switch (ingested.outcome) {
    case Changelog::Outcome::refused:
      accepted.refused.emplace_back(record->id, ingested.why);
      break;
    case Changelog::Outcome::waiting:
      ++accepted.waiting;
      break;
    case Changelog::Outcome::duplicate:
    case Changelog::Outcome::added:
    case Changelog::Outcome::forked:
      break;
  }
  for (const RecordPtr& rival : ingested.forks) {
    env_.log.warn("record.fork",
                  {{"author", rival->record.author.to_string()}, {"record", to_cid(rival->id)}});
    tell([&](FleetObserver& observer) { observer.on_fork(rival); });
  }
  for (RecordPtr& added : ingested.added) {
    sort_in(added);
    stored.push_back(std::move(added));
  }
}

Task<Result<Fleet::Accepted>> Fleet::accept(std::vector<RecordPtr> records, PeerId bringer) {
  Accepted accepted;
  std::vector<RecordPtr> stored;
  for (const RecordPtr& record : records) {
    ingest(record, bringer, stored, accepted);
    // Who may write what is judged by the charter as it stands with this record.
    if (!stored.empty() && stored.back()->id == record->id && is_charter_record(record->record.kind))
      evaluate_charter();
  }
  accepted.added = stored.size();
  if (stored.empty()) co_return accepted;
  ++committing_;
  LIBP2P_CO_CHECK(co_await committer_.commit(stored));
  --committing_;
  refresh(stored);
  co_return accepted;
}

Result<> Fleet::may_author(RecordKind kind) const {
  if (committer_.failure()) return std::unexpected(*committer_.failure());
  const Member* self = charter_.member(node_);
  if (!self) return fail(Errc::refused, "this node is not a member of the fleet (yet)");
  Record record;
  record.kind = kind;
  record.author = node_;
  record.grant = self->grant;
  if (charter_.judge(record) != Charter::Verdict::valid) {
    return fail(Errc::refused,
                "this node holds the role " + std::string(to_string(self->role)) +
                    " and may not change the fleet: send the change to a node that is an operator, or invite "
                    "this one as operator");
  }
  for (const RecordPtr& unknown : unknown_records_) {
    // A node's word alone must not stop a fleet.
    const auto grant = charter_.grant(unknown->record.grant);
    if (grant && !at_least(grant->role, Role::operator_)) continue;
    return fail(Errc::refused, "upgrade needed: the fleet has a record of kind " +
                                   std::to_string(static_cast<int>(unknown->record.kind)) + ", " +
                                   to_cid(unknown->id) +
                                   ", which only a newer starling understands; upgrade this node, then write "
                                   "again");
  }
  const auto ahead = env_.clock.wall() - fleet_time();
  if (ahead > clock_tolerance) {
    return fail(Errc::refused,
                "this node's clock is " +
                    std::to_string(std::chrono::duration_cast<std::chrono::seconds>(ahead).count()) +
                    " s ahead of the fleet's: set it, then write again (L7)");
  }
  return {};
}

Task<Result<RecordPtr>> Fleet::author(RecordKind kind, Bytes body) {
  std::vector<Bytes> bodies;
  bodies.push_back(std::move(body));
  LIBP2P_CO_TRY(const std::vector<RecordPtr> records, co_await author_all(kind, std::move(bodies)));
  co_return records.front();
}

Task<Result<std::vector<RecordPtr>>> Fleet::author_all(RecordKind kind, std::vector<Bytes> bodies) {
  LIBP2P_CO_CHECK(may_author(kind));
  // What is signed must be stored (L2): so nothing may fail once the first of several is.
  const auto is_large = [](const Bytes& body) { return body.size() > max_record_bytes / 2; };
  if (bodies.size() > 1 && std::ranges::any_of(bodies, is_large))
    co_return fail(Errc::limit, "a record of more than 4 MiB is written alone");
  std::vector<RecordPtr> records;
  for (Bytes& body : bodies) {
    LIBP2P_CO_TRY(RecordPtr record,
                  author_.write(authoring_context(), kind, charter_.member(node_)->grant, std::move(body)));
    const Changelog::Ingested ingested = log_.ingest(record);
    if (ingested.outcome != Changelog::Outcome::added) co_return std::unexpected(ingested.why);
    sort_in(record);
    records.push_back(std::move(record));
  }
  ++committing_;
  LIBP2P_CO_CHECK(co_await committer_.commit(records));
  --committing_;
  refresh(records);
  co_return records;
}

bool Fleet::changes_verdicts(const std::vector<RecordPtr>& added) const {
  return std::ranges::any_of(added, [this](const RecordPtr& record) {
    const RecordKind kind = record->record.kind;
    if (is_charter_record(kind) || kind == RecordKind::ruling || kind == RecordKind::anchor ||
        kind == RecordKind::checkpoint)
      return true;
    const auto head = log_.vector().find(record->record.chain());
    return head != log_.vector().end() && head->second.fork.has_value();
  });
}

void Fleet::refresh(const std::vector<RecordPtr>& added) {
  const bool charter_touched = std::ranges::any_of(
      added, [](const RecordPtr& record) { return is_charter_record(record->record.kind); });
  const bool verdicts = changes_verdicts(added);
  if (verdicts) evaluate_charter();
  consider(verdicts ? log_.records() : added);
  update_merge();
  tell([&](FleetObserver& observer) { observer.on_records(added); });
  if (charter_touched) tell([](FleetObserver& observer) { observer.on_charter_changed(); });
  for (const RecordPtr& record : added) {
    if (record->record.kind == RecordKind::ruling)
      tell([&](FleetObserver& observer) { observer.on_ruling(record); });
  }
}

// Whose rulings stand is the charter's to say, and of a forked chain rulings say which of its charter records
// stand: so from nothing said, a bounded number of rounds, the same on every node.
void Fleet::evaluate_charter() {
  constexpr int max_rounds = 4;
  Protections said;
  log_.protect(said);
  for (int round = 0; round < max_rounds; ++round) {
    std::vector<RecordPtr> records;
    for (const RecordPtr& record : charter_records_) {
      if (log_.stands(*record)) records.push_back(record);
    }
    charter_ = Charter::evaluate(id_, records, join_checks_);
    Protections now = controls_.protections(charter_, log_);
    if (now == said) break;
    said = std::move(now);
    log_.protect(said);
  }
}

std::optional<ChangeStatus> Fleet::kept_out(const SignedRecord& signed_record) const {
  const Record& record = signed_record.record;
  switch (log_.standing(signed_record)) {
    case Standing::stands:
      break;
    case Standing::quarantined:
      return ChangeStatus{ChangeState::quarantined, "its author wrote two records with one number (L3)"};
    case Standing::voided:
      return ChangeStatus{
          ChangeState::voided,
          "its author wrote two records with one number, and a ruling lets the other stand (L3)"};
  }
  switch (charter_.judge(record)) {
    case Charter::Verdict::valid:
      break;
    case Charter::Verdict::unknown:
      return ChangeStatus{ChangeState::set_aside, "its grant is not known yet (L4)"};
    case Charter::Verdict::denied:
      return ChangeStatus{ChangeState::denied, "its grant does not allow it (L4)"};
  }
  if (const auto by = discards_.reason(signed_record.id, record.hlc))
    return ChangeStatus{ChangeState::voided, "discarded by " + to_cid(*by) + " (L7)"};
  // Clocks rise from parent to child, so what descends from a held change is held by its own clock.
  if (record.hlc > ceiling())
    return ChangeStatus{ChangeState::held, "its clock is ahead of the fleet's (L7)"};
  return std::nullopt;
}

void Fleet::set_state(const SignedRecord& change, ChangeStatus status) {
  const auto [it, inserted] = states_.try_emplace(change.id, status);
  const bool news = inserted || it->second.state != status.state;
  it->second = std::move(status);
  if (it->second.state == ChangeState::held) {
    held_.emplace(change.record.hlc, change.id);
  } else {
    held_.erase({change.record.hlc, change.id});
  }
  if (news) tell([&](FleetObserver& observer) { observer.on_change_state(change.id, it->second); });
}

std::vector<RecordId> Fleet::consider_one(const SignedRecord& record) {
  if (auto why = kept_out(record)) {
    merge_.remove(record.id);
    taking_part_.erase({record.record.hlc, record.id});
    set_state(record, std::move(*why));
    return discards_.remove(record.id);
  }
  if (merge_.contains(record.id)) return {};
  auto change = Change::from_body(record.record.body);
  if (!change) {
    set_state(record, {ChangeState::skipped, change.error().message});
    return {};
  }
  std::vector<RecordId> voids = change->voids;
  if (!voids.empty()) discards_.add(record.id, record.record.hlc, voids);
  merge_.add({record.id, record.record.hlc, std::move(*change)});
  taking_part_.emplace(record.record.hlc, record.id);
  return voids;
}

void Fleet::consider(const std::vector<RecordPtr>& records) {
  // What a change makes void comes after it in this order, so each is looked at when all that could discard
  // it has been.
  std::map<std::pair<Hlc, RecordId>, RecordPtr> again;
  const auto look_at = [&](const RecordPtr& record) {
    for (const RecordId& id : consider_one(*record)) {
      RecordPtr target = log_.get(id);
      if (target && target->record.kind == RecordKind::change && target->record.hlc > record->record.hlc)
        again.emplace(std::pair(target->record.hlc, id), std::move(target));
    }
  };
  for (const RecordPtr& record : records) {
    if (record->record.kind == RecordKind::change) look_at(record);
  }
  while (!again.empty()) look_at(again.extract(again.begin()).mapped());
}

void Fleet::update_merge() {
  merged_ = &merge_.result();
  const std::vector<ChangeFate> changed = merge_.take_changed();
  for (const ChangeFate& fate : changed) set_state(*log_.get(fate.id), {state_of(fate.state), fate.reason});
  const auto old_revision = revision_;
  revision_ = merge_.size() > 0 ? std::optional(merge_.revision()) : std::nullopt;
  if (revision_ != old_revision || !changed.empty())
    tell([](FleetObserver& observer) { observer.on_revision_changed(); });
}

std::vector<RecordPtr> Fleet::changes() const {
  std::vector<RecordPtr> changes;
  for (const ChangeFate& fate : merged_->fates) changes.push_back(log_.get(fate.id));
  return changes;
}

ChangeStatus Fleet::status_of(const RecordId& change) const {
  const auto found = states_.find(change);
  return found == states_.end() ? ChangeStatus{ChangeState::set_aside, "not known here"} : found->second;
}

Task<Result<>> Fleet::remember(std::string name, std::string value) {
  facts_.insert_or_assign(name, value);
  Facts facts;
  facts.emplace(std::move(name), std::move(value));
  co_return co_await committer_.commit({}, std::move(facts));
}

void Fleet::set_clock_offset(std::chrono::milliseconds offset) {
  fleet_time_told_ = env_.clock.wall() + offset;
  told_at_ = env_.now();
}

void Fleet::tick() {
  std::vector<RecordPtr> due;
  for (auto it = held_.begin(); it != held_.end() && it->first <= ceiling(); ++it)
    due.push_back(log_.get(it->second));
  // Fleet time may fall back as well, when more clocks are heard: what is ahead of it then is held again, as
  // it is on a node that never believed the wrong ones.
  for (auto it = taking_part_.lower_bound({Hlc{ceiling().value + 1}, RecordId{}}); it != taking_part_.end();
       ++it)
    due.push_back(log_.get(it->second));
  if (due.empty()) return;
  consider(due);
  update_merge();
}

}  // namespace starling
