#include "tests/simulation/referee.hpp"

#include <algorithm>

#include "tests/support/conflict_text.hpp"

namespace starling::sim {
namespace {

using reference::Fate;

// A change is let in, and held again, within a second of fleet time's reaching its clock or falling behind
// it.
constexpr libp2p::Duration patience = std::chrono::seconds(3);
RecordId id_of(const RecordPtr& record) { return record ? record->id : RecordId{}; }

std::string name_of(const RecordId& checkpoint) {
  return checkpoint.is_zero() ? "nothing" : to_hex(checkpoint);
}

Fate to_reference(ChangeState state) {
  switch (state) {
    case ChangeState::applied:
      return Fate::applied;
    case ChangeState::partly:
      return Fate::partly;
    case ChangeState::lost:
      return Fate::lost;
    case ChangeState::skipped:
      return Fate::skipped;
    case ChangeState::held:
      return Fate::held;
    case ChangeState::set_aside:
      return Fate::set_aside;
    case ChangeState::quarantined:
      return Fate::quarantined;
    case ChangeState::voided:
      return Fate::voided;
  }
  return Fate::denied;
}

// Which conflict only one of them knows; empty: none.
std::string difference(const std::vector<Conflict>& there, const std::vector<Conflict>& by_the_reference) {
  const std::vector<std::string> mine = texts_of(there);
  const std::vector<std::string> wanted = texts_of(by_the_reference);
  std::vector<std::string> found;
  std::ranges::set_difference(mine, wanted, std::back_inserter(found));
  if (!found.empty()) return "only it knows the conflict " + found.front();
  std::ranges::set_difference(wanted, mine, std::back_inserter(found));
  if (!found.empty()) return "only the reference knows the conflict " + found.front();
  return {};
}

}  // namespace

RecordPtr Referee::find(const RecordId& id) const {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : found->second;
}

void Referee::learn() {
  for (std::size_t i = 0; i < world_.size(); ++i) {
    const auto& records = world_.disk(i).image().records;
    if (std::exchange(learnt_[i], records.size()) == records.size()) continue;
    for (const RecordPtr& record : records) all_.emplace(record->id, record);
  }
}

void Referee::add_covered(const VersionVector& vector, std::map<RecordId, RecordPtr>& records) const {
  for (const auto& [chain, head] : vector) {
    for (RecordPtr at = find(head.id); at; at = find(at->record.prev)) records.emplace(at->id, at);
  }
}

std::vector<RecordPtr> Referee::records_of(const Fleet& fleet) const {
  std::map<RecordId, RecordPtr> records;
  for (const RecordPtr& record : fleet.log().records()) records.emplace(record->id, record);
  add_covered(fleet.log().base().covered, records);
  if (fleet.horizon()) add_covered(fleet.horizon()->log.covered, records);
  std::vector<RecordPtr> all;
  for (const auto& [id, record] : records) all.push_back(record);
  return all;
}

std::string Referee::look() {
  learn();
  for (std::size_t i = 0; i < world_.size(); ++i) {
    if (!world_.running(i)) continue;
    if (const std::string wrong = look_at(i); !wrong.empty())
      return "node " + std::to_string(i) + ": " + wrong;
  }
  return {};
}

// L7: whether a change is held follows from fleet time, which jumps; the rest is judged by what the node
// itself says.
std::string Referee::check_time(Seen& seen, const Fleet& fleet) const {
  const libp2p::Instant now = world_.runtime().now();
  const Hlc ceiling = Hlc::at(fleet.fleet_time() + std::chrono::minutes(5));
  std::map<RecordId, libp2p::Instant> still;
  for (const RecordPtr& r : fleet.log().records()) {
    if (r->record.kind != RecordKind::change || fleet.log().is_settled(r->record)) continue;
    const ChangeState state = fleet.status_of(r->id).state;
    const bool held = state == ChangeState::held;
    const bool takes_part = state == ChangeState::applied || state == ChangeState::partly ||
                            state == ChangeState::lost || state == ChangeState::skipped;
    const bool ahead = r->record.hlc > ceiling;
    if (!(held && !ahead) && !(takes_part && ahead)) continue;
    const auto since = seen.out_of_time.try_emplace(r->id, now).first->second;
    still.emplace(r->id, since);
    if (now - since > patience)
      return "change " + to_hex(r->id) + " is " + std::string(to_string(state)) +
             ", by the fleet time of that node it " + (ahead ? "is ahead" : "is due") + " since " +
             std::to_string(
                 std::chrono::duration_cast<std::chrono::seconds>(since.time_since_epoch()).count()) +
             " s";
  }
  seen.out_of_time = std::move(still);
  return {};
}

const reference::Verdict& Referee::verdict_on(const Fleet& fleet, const std::set<RecordId>& held) {
  const std::vector<RecordPtr> records = records_of(fleet);
  Judged judged{{}, held};
  for (const RecordPtr& r : records) judged.records.insert(r->id);
  const auto known = judged_.find(judged);
  if (known != judged_.end()) return known->second;
  ++evaluations_;
  const reference::Input input{world_.fleet(), records,
                               [&](const SignedRecord& r) { return held.contains(r.id); }, &known_};
  return judged_.emplace(std::move(judged), reference::evaluate(input)).first->second;
}

std::string Referee::compare(const Fleet& fleet, const reference::Verdict& verdict) {
  if (id_of(fleet.checkpoint()) != verdict.base)
    return "it begins with " + name_of(id_of(fleet.checkpoint())) + ", the reference with " +
           name_of(verdict.base);
  for (const auto& [chain, seq] : verdict.forks) {
    // One of the two may be forgotten.
    const auto rivals = fleet.log().range(chain, seq, 2, SIZE_MAX);
    if (rivals.size() < 2 || rivals.back()->record.seq != seq) continue;
    const auto head = fleet.log().vector().find(chain);
    if (head == fleet.log().vector().end() || !head->second.fork || head->second.fork->seq != seq)
      return "it does not show that a chain of " + chain.author.to_string() + " forks at " +
             std::to_string(seq);
  }
  for (const auto& [change, fate] : verdict.fates) {
    const ChangeStatus status = fleet.status_of(change);
    if (to_reference(status.state) == fate) continue;
    return "change " + to_hex(change) + " of " +
           std::to_string(fleet.log().get(change)->record.hlc.wall().time_since_epoch().count()) + " is " +
           std::string(to_string(status.state)) + (status.reason.empty() ? "" : " (" + status.reason + ")") +
           " there, by the reference it is " + std::string(reference::to_string(fate));
  }
  const json::value& tree = fleet.merged().document;
  if (!same_json(tree, verdict.tree))
    return "it makes " + canonical_json(tree) + ", the reference " + canonical_json(verdict.tree);
  if (const std::string other = difference(fleet.merged().conflicts, verdict.conflicts); !other.empty())
    return other;
  std::map<PeerId, Role> members;
  std::map<PeerId, Labels> labels;
  for (const auto& [peer, member] : fleet.charter().members()) {
    members[peer] = member.role;
    labels[peer] = member.labels;
  }
  if (members != verdict.members) {
    return "it knows " + std::to_string(members.size()) + " members, the reference " +
           std::to_string(verdict.members.size()) + ", or others";
  }
  if (labels != verdict.labels) return "it knows other labels than the reference";
  return {};
}

std::string Referee::look_at(std::size_t index) {
  Seen& seen = seen_[index];
  const Fleet& fleet = world_.node(index).fleet();
  if (seen.process != world_.processes(index)) {
    // Invariant 1: whatever was on its disk is there again.
    for (const RecordPtr& r : world_.disk(index).image().records) {
      if (!fleet.log().holds(r->id)) return "it has lost the record " + to_hex(r->id) + " over a restart";
    }
    seen = Seen{};
    seen.process = world_.processes(index);
  }
  // What is on its way to the disk counts for nothing yet.
  const bool ready = world_.node(index).joined() && fleet.settled() &&
                     std::ranges::all_of(fleet.log().records(),
                                         [&](const RecordPtr& r) { return world_.disk(index).holds(r->id); });
  if (!ready) return {};
  if (std::string wrong = check_time(seen, fleet); !wrong.empty()) return wrong;
  std::set<RecordId> held;
  for (const auto& [hlc, id] : fleet.held()) held.insert(id);
  const RecordId base = id_of(fleet.checkpoint());
  for (const RecordPtr& r : fleet.log().records()) {
    // What is forgotten behind one can't be had back by a clock.
    const bool for_good = fleet.horizon() && r->record.hlc <= fleet.horizon()->record->record.hlc;
    if (r->record.kind == RecordKind::checkpoint && r->record.hlc > fleet.ceiling() && !for_good)
      held.insert(r->id);
  }
  const bool same_records = seen.records == fleet.log().size() && seen.drops == fleet.log().drops();
  if (same_records && seen.held == held && seen.base == base) {
    // Invariant 6: without another record, and nothing held or let in, there is no other revision.
    return seen.revision == fleet.revision() ? "" : "it moved to another revision for no reason";
  }
  const reference::Verdict& verdict = verdict_on(fleet, held);
  // Which one to begin with a process asks about once a second.
  if (verdict.base == base) {
    seen.base_differs.reset();
  } else if (world_.runtime().now() - seen.base_differs.value_or(world_.runtime().now()) <= patience) {
    if (!seen.base_differs) seen.base_differs = world_.runtime().now();
    return {};
  }
  seen.records = fleet.log().size();
  seen.drops = fleet.log().drops();
  seen.held = held;
  seen.base = base;
  seen.revision = fleet.revision();
  return compare(fleet, verdict);
}

}  // namespace starling::sim
