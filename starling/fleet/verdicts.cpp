// What counts: the parts of Fleet that evaluate the charter and say of each change whether it takes part
// (rules L3, L4, L7, L8).
#include <algorithm>

#include "starling/fleet/fleet.hpp"

namespace starling {

bool Fleet::touches_forks(const std::vector<RecordPtr>& added) const {
  return std::ranges::any_of(
      added, [this](const RecordPtr& record) { return log_.is_forked(record->record.chain()); });
}

// Whose rulings stand is the charter's to say, and of a forked chain rulings say which of its charter records
// stand: so from nothing said, a bounded number of rounds, the same on every node.
bool Fleet::evaluate_charter() {
  constexpr int max_rounds = 4;
  const Charter charter = charter_;
  const Protections protections = log_.protections();
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
  levels_.clear();
  for (const Controls::Anchored* anchored : controls_.anchors(charter_, log_)) {
    const std::uint32_t level = anchored->anchor.merge_level;
    if (level != 0) levels_.push_back({anchored->record->record.hlc, anchored->record->id, level});
  }
  merge_.set_levels(levels_);
  return !charter_.gives_same_rights_as(charter) || log_.protections() != protections;
}

std::optional<RecordId> Fleet::discarded_by(const SignedRecord& change) const {
  return discards_.reason(change, [&] {
    // What a checkpoint covers has been built upon, by whoever signed that.
    if (log_.is_settled(change.record)) return true;
    std::vector<RecordPtr> newest;
    for (const auto& [chain, head] : log_.vector()) {
      if (RecordPtr last = log_.last_standing(chain)) newest.push_back(std::move(last));
    }
    const auto knew = [this](const RecordId& earlier, const RecordId& later) {
      return log_.happened_before(earlier, later);
    };
    return built_upon(change, newest, knew, charter_);
  });
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
    case Standing::settled:
      return ChangeStatus{ChangeState::voided, "a checkpoint has settled its place (L8)"};
  }
  if (charter_.judge(record) != Charter::Verdict::valid)
    return ChangeStatus{ChangeState::set_aside, "its grant does not stand, or not yet (L4)"};
  if (const auto by = discarded_by(signed_record))
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
  if (it->second.state == ChangeState::voided && discards_.is_contestable(change)) {
    contested_.emplace(change.record.hlc, change.id);
  } else {
    contested_.erase({change.record.hlc, change.id});
  }
  if (it->second.state == ChangeState::set_aside) {
    set_aside_.insert(change.id);
  } else {
    set_aside_.erase(change.id);
  }
  if (news) tell([&](FleetObserver& observer) { observer.on_change_state(change.id, it->second); });
}

void Fleet::forget(const SignedRecord& record) {
  const std::pair place(record.record.hlc, record.id);
  merge_.remove(record.id);
  taking_part_.erase(place);
  held_.erase(place);
  contested_.erase(place);
  set_aside_.erase(record.id);
  states_.erase(record.id);
  (void)discards_.remove(record.id);
  controls_.forget(record.id);
}

// It is in the state that the fold begins with, or counts for nothing. What it made void stays so.
std::vector<RecordId> Fleet::consider_settled(const SignedRecord& record) {
  merge_.remove(record.id);
  taking_part_.erase({record.record.hlc, record.id});
  const auto known = states_.find(record.id);
  const bool told = known != states_.end() && known->second.state != ChangeState::held &&
                    known->second.state != ChangeState::set_aside;
  const auto change = Change::from_body(record.record.body);
  const bool valid = change && charter_.judge(record.record) == Charter::Verdict::valid;
  if (!told)
    set_state(record, {valid ? ChangeState::applied : ChangeState::skipped, "settled by a checkpoint (L8)"});
  const bool voids = valid && !change->voids.empty() && log_.stands(record) && !discarded_by(record);
  if (!voids) return discards_.remove(record.id);
  if (discards_.contains(record.id)) return {};
  discards_.add(discard_by(record, charter_), change->voids);
  return change->voids;
}

std::vector<RecordId> Fleet::consider_one(const SignedRecord& record) {
  if (log_.is_settled(record.record)) return consider_settled(record);
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
  if (!voids.empty()) discards_.add(discard_by(record, charter_), voids);
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
    unseen_.erase(record->id);
    if (record->record.kind == RecordKind::change) look_at(record);
  }
  // And what was void may have been built upon by now.
  Hlc newest;
  for (const RecordPtr& record : records) newest = std::max(newest, record->record.hlc);
  for (auto it = contested_.begin(); it != contested_.end() && it->first < newest; ++it)
    again.emplace(*it, log_.get(it->second));
  while (!again.empty()) look_at(again.extract(again.begin()).mapped());
}

}  // namespace starling
