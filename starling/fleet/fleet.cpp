#include "starling/fleet/fleet.hpp"

#include <algorithm>

#include "starling/changelog/anchor.hpp"
#include "starling/fleet/entitled_log.hpp"

namespace starling {
namespace {

// Of anchors that wait to be compared: each covers about what the one before it does.
constexpr std::size_t max_to_compare = 16;

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
      log_(entitled_log(fleet)),
      merge_(
          [this](const RecordId& earlier, const RecordId& later) { return happened_before(earlier, later); }),
      merged_(&merge_.result()),
      past_(
          env, log_, merge_, revisions_, {},
          {[this] { return id_of(base_); },
           [this](const RecordId& checkpoint) { return recall(env_, log_, join_checks_, id_, checkpoint); }}),
      judge_(
          env, fleet, log_, charter_, controls_,
          [this](const RecordPtr& checkpoint) { tell_difference(checkpoint); }, [this] { return ceiling(); }),
      fleet_time_told_(env_.clock.wall()),
      told_at_(env_.now()),
      tasks_(env) {}

Result<> Fleet::load() {
  LIBP2P_TRY(Store::Contents contents, store_.load());
  facts_ = std::move(contents.facts);
  restore_base(contents.records);
  revisions_.restore(facts_);
  for (const RecordPtr& record : contents.records) {
    const Changelog::Ingested ingested = log_.restore(record);
    if (ingested.outcome == Changelog::Outcome::refused) {
      return fail(Errc::parse, "the store holds a record that breaks the rules, " + to_cid(record->id) +
                                   ": " + ingested.why.message);
    }
    if (ingested.outcome == Changelog::Outcome::denied)
      env_.log.warn("record.passed_over", {{"record", to_cid(record->id)}, {"why", ingested.why.message}});
    for (const RecordPtr& added : ingested.added) sort_in(added);
  }
  evaluate_charter();
  consider(log_.records());
  update_merge();
  return {};
}

Task<> Fleet::stop() {
  co_await tasks_.stop();
  // What was to go with the next batch.
  if (!committer_.failure()) (void)co_await committer_.commit({});
  co_await committer_.stop();
}

Hlc Fleet::ceiling() const { return Hlc::at(fleet_time() + clock_tolerance); }

libp2p::WallTime Fleet::fleet_time() const {
  return fleet_time_told_ + std::chrono::duration_cast<std::chrono::milliseconds>(env_.now() - told_at_);
}

AuthoringContext Fleet::authoring_context() const {
  AuthoringContext context{id_, log_, env_.clock.wall(), ceiling(), env_.random.u64()};
  // Whoever built upon what is discarded would bring it back (L7).
  context.avoids = [this](const RecordId& id) { return is_void(id); };
  // An anchor ends before what is set aside, and would before all that is put after it.
  context.counts = [this](const Record& record) { return charter_.judge(record) == Charter::Verdict::valid; };
  return context;
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
  Changelog::Ingested ingested = log_.ingest(record, bringer);
  switch (ingested.outcome) {
    case Changelog::Outcome::denied:
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
  for (const RecordPtr& record : records) ingest(record, bringer, stored, accepted);
  accepted.added = stored.size();
  if (!stored.empty()) LIBP2P_CO_CHECK(co_await store_and_refresh(std::move(stored)));
  co_return accepted;
}

Task<Result<>> Fleet::store_and_refresh(std::vector<RecordPtr> records) {
  while (!records.empty() || !new_facts_.empty()) {
    ++committing_;
    for (const RecordPtr& record : records) {
      unseen_.insert(record->id);
      unstored_.insert(record->id);
    }
    LIBP2P_CO_CHECK(co_await committer_.commit(records, std::exchange(new_facts_, {})));
    --committing_;
    for (const RecordPtr& record : records) unstored_.erase(record->id);
    // Meanwhile another checkpoint may have been begun with, and what rested on the one before waits again.
    for (const RecordPtr& record : records) {
      if (!log_.holds(record->id)) unseen_.erase(record->id);
    }
    std::erase_if(records, [this](const RecordPtr& record) { return !log_.holds(record->id); });
    if (!records.empty()) refresh(records);
    records = std::exchange(released_, {});
  }
  co_return Result<>{};
}

Result<> Fleet::may_author(RecordKind kind) const {
  if (committer_.failure()) return std::unexpected(*committer_.failure());
  const Member* self = charter_.member(node_);
  if (!self) return fail(Errc::refused, "this node is not a member of the fleet (yet)");
  Record record;
  record.kind = kind;
  record.author = node_;
  record.grant = self->grant;
  const bool allowed = charter_.judge(record) == Charter::Verdict::valid;
  if (!allowed && kind != RecordKind::change) {
    return fail(Errc::refused, "this node holds the role " + std::string(to_string(self->role)) +
                                   ", and that takes an admin: sign it with root's key, or an admin's, by "
                                   "--key FILE");
  }
  if (!allowed) {
    return fail(Errc::refused,
                "this node holds the role " + std::string(to_string(self->role)) +
                    " and may not change the fleet: send the change to a node that is an operator, or invite "
                    "this one as operator");
  }
  for (const RecordPtr& unknown : unknown_records_) {
    // The word of a node, or of a stranger, must not stop a fleet.
    const auto grant = charter_.grant(unknown->record.grant);
    const bool is_senior = !grant || at_least(grant->role, Role::operator_);
    if (!is_senior || charter_.judge(unknown->record) != Charter::Verdict::valid) continue;
    return fail(Errc::refused, "upgrade needed: the fleet has a record of kind " +
                                   std::to_string(static_cast<int>(unknown->record.kind)) + ", " +
                                   to_cid(unknown->id) +
                                   ", which only a newer starling understands; upgrade this node, then write "
                                   "again");
  }
  if (merge_.level() > newest_merge_level) {
    return fail(Errc::refused, "upgrade needed: the fleet is at merge level " +
                                   std::to_string(merge_.level()) + ", and this version knows levels up to " +
                                   std::to_string(newest_merge_level) + " (M9)");
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

std::vector<RecordId> Fleet::parents_now() const {
  AuthoringContext context = authoring_context();
  context.avoids = [this](const RecordId& id) { return is_void(id) || unseen_.contains(id); };
  return author_.choose_parents(context);
}

Task<Result<RecordPtr>> Fleet::author(RecordKind kind, Bytes body) {
  std::vector<Draft> drafts;
  drafts.push_back({std::move(body), std::nullopt});
  LIBP2P_CO_TRY(const std::vector<RecordPtr> records, co_await author_all(kind, std::move(drafts)));
  co_return records.front();
}

Task<Result<std::vector<RecordPtr>>> Fleet::author_all(RecordKind kind, std::vector<Draft> drafts) {
  LIBP2P_CO_CHECK(may_author(kind));
  // What is signed must be stored (L2): so nothing may fail once the first of several is.
  const auto is_large = [](const Draft& draft) { return draft.body.size() > max_record_bytes / 2; };
  if (drafts.size() > 1 && std::ranges::any_of(drafts, is_large))
    co_return fail(Errc::limit, "a record of more than 4 MiB is written alone");
  const auto names_too_many = [](const Draft& draft) {
    return draft.parents && draft.parents->size() > max_parents;
  };
  if (std::ranges::any_of(drafts, names_too_many))
    co_return fail(Errc::limit, "a record names 16 others at most that it is put after");
  // Since it was chosen a checkpoint may have come, and what it covers may have been forgotten.
  for (const Draft& draft : drafts) {
    for (const RecordId& parent : draft.parents.value_or(std::vector<RecordId>{})) {
      if (!log_.holds(parent))
        co_return fail(Errc::not_found, "what it is to be put after, " + to_cid(parent) +
                                            ", is not known here (any more): look at what is there, then "
                                            "write again");
    }
  }
  std::vector<RecordPtr> records;
  for (Draft& draft : drafts) {
    AuthoringContext context = authoring_context();
    context.parents = std::move(draft.parents);
    LIBP2P_CO_TRY(RecordPtr record,
                  author_.write(context, kind, charter_.member(node_)->grant, std::move(draft.body)));
    const Changelog::Ingested ingested = log_.ingest(record);
    if (ingested.outcome != Changelog::Outcome::added) co_return std::unexpected(ingested.why);
    sort_in(record);
    records.push_back(std::move(record));
  }
  LIBP2P_CO_CHECK(co_await store_and_refresh(records));
  co_return records;
}

void Fleet::refresh(const std::vector<RecordPtr>& added) {
  const bool charter_touched = std::ranges::any_of(
      added, [](const RecordPtr& record) { return is_charter_record(record->record.kind); });
  const bool forks = touches_forks(added);
  const bool verdicts = forks || std::ranges::any_of(added, [](const RecordPtr& record) {
                          return record->record.kind != RecordKind::change;
                        });
  const bool anew = (verdicts && evaluate_charter()) || forks;
  consider(anew ? log_.records() : added);
  update_merge();
  if (verdicts || judge_.has_open()) seek_base();
  tell([&](FleetObserver& observer) { observer.on_records(added); });
  if (charter_touched) tell([](FleetObserver& observer) { observer.on_charter_changed(); });
  for (const RecordPtr& record : added) {
    if (record->record.kind == RecordKind::ruling)
      tell([&](FleetObserver& observer) { observer.on_ruling(record); });
    if (record->record.kind == RecordKind::anchor && record->record.author != node_ &&
        to_compare_.size() < max_to_compare)
      to_compare_.push_back(record);
  }
  if (!to_compare_.empty() && !std::exchange(comparing_, true))
    tasks_.spawn("fleet.compare", compare_anchors());
}

std::vector<RecordId> Fleet::stored_heads() const {
  std::set<RecordId> stored;
  std::set<RecordId> looked_at;
  std::vector<RecordId> open(log_.heads().begin(), log_.heads().end());
  while (!open.empty()) {
    const RecordId id = open.back();
    open.pop_back();
    const RecordPtr record = log_.get(id);
    if (!record || !looked_at.insert(id).second) continue;
    if (!unstored_.contains(id)) {
      stored.insert(id);
      continue;
    }
    open.push_back(record->record.prev);
    open.insert(open.end(), record->record.parents.begin(), record->record.parents.end());
  }
  return {stored.begin(), stored.end()};
}

void Fleet::update_merge() {
  merged_ = &merge_.result();
  const std::vector<ChangeFate> changed = merge_.take_changed();
  for (const ChangeFate& fate : changed) set_state(*log_.get(fate.id), {state_of(fate.state), fate.reason});
  tips_ = tips_of(log_, [this](const SignedRecord& record) { return is_folded(record); });
  const auto old_revision = revision_;
  const bool any = base_ != nullptr || merge_.size() > 0;
  revision_ = any && merge_.level() <= newest_merge_level ? std::optional(merge_.revision()) : std::nullopt;
  note_revision();
  if (revision_ != old_revision || !changed.empty())
    tell([](FleetObserver& observer) { observer.on_revision_changed(); });
}

bool Fleet::is_folded(const SignedRecord& record) const {
  if (record.record.kind != RecordKind::change) return false;
  switch (status_of(record.id).state) {
    case ChangeState::applied:
    case ChangeState::partly:
    case ChangeState::lost:
    case ChangeState::skipped:
      return true;
    default:
      return false;
  }
}

void Fleet::note_revision() {
  if (!revision_) return;
  revisions_.add({*revision_, tips_});
  committer_.add_to_next(revisions_.newest_fact());
}

bool Fleet::happened_before(const RecordId& earlier, const RecordId& later) const {
  if (imagined_ && later == imagined_->id) {
    return std::ranges::any_of(imagined_->heads, [&](const RecordId& head) {
      return head == earlier || log_.happened_before(earlier, head);
    });
  }
  return log_.happened_before(earlier, later);
}

Fleet::Preview Fleet::preview(Change change, const std::vector<RecordId>& parents) {
  RecordId nobody;
  nobody.bytes.fill(0xff);
  std::vector<RecordId> known = own_heads();
  known.insert(known.end(), parents.begin(), parents.end());
  imagined_ = Imagined{nobody, std::move(known)};
  // As it would be written, it comes after all that takes part.
  Hlc seen;
  if (!merged_->fates.empty()) seen = log_.get(merged_->fates.back().id)->record.hlc;
  merge_.add({nobody, Hlc::after(seen, env_.clock.wall()), std::move(change)});
  const MergeResult& result = merge_.result();
  const auto fate = std::ranges::find(result.fates, nobody, &ChangeFate::id);
  Preview preview{{nobody, ChangeFate::State::skipped, "this version doesn't know the fleet's rules (M9)"},
                  result.document};
  if (fate != result.fates.end()) preview.fate = *fate;
  merge_.remove(nobody);
  merged_ = &merge_.result();
  // All is as it was, and all that had changed before was told.
  (void)merge_.take_changed();
  imagined_.reset();
  return preview;
}

std::vector<RecordPtr> Fleet::changes() const {
  std::vector<RecordPtr> changes;
  changes.reserve(merged_->fates.size());
  for (const ChangeFate& fate : merged_->fates) changes.push_back(log_.get(fate.id));
  return changes;
}

ChangeStatus Fleet::status_of(const RecordId& change) const {
  const auto found = states_.find(change);
  return found == states_.end() ? ChangeStatus{ChangeState::set_aside, "not known here"} : found->second;
}

bool Fleet::is_void(const RecordId& change) const {
  const auto found = states_.find(change);
  return found != states_.end() && found->second.state == ChangeState::voided;
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
  const bool base_is_held = base_ && base_->record->record.hlc > ceiling();
  if (!base_sought_ || judge_.has_open() || base_is_held) seek_base();
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
