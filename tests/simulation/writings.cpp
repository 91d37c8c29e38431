#include "tests/simulation/writings.hpp"

#include <algorithm>
#include <array>

#include "starling/changelog/anchor.hpp"
#include "starling/charter/charter_records.hpp"
#include "starling/fleet/held.hpp"
#include "tests/simulation/random_edits.hpp"

namespace starling::sim {

using libp2p::SeededRandom;

void Writings::write_something_else() {
  const Faults& drawn = stage_.faults;
  switch (stage_.below(7)) {
    case 0:
      if (drawn.forks) fork_a_chain();
      break;
    case 1:
      if (drawn.disorder) bring_in_disorder();
      break;
    case 2:
      if (drawn.controls) say_what_stands();
      break;
    case 3:
      if (drawn.discards) discard();
      break;
    case 4:
      if (drawn.strangers) write_as_a_stranger();
      break;
    case 5:
      if (drawn.unentitled) let_a_guest_write();
      break;
    default:
      tell_what_was_kept_back();
  }
}

void Writings::write_somewhere() {
  const std::size_t index = stage_.one_running();
  if (stage_.faults.controls && stage_.one_in(3)) return write_a_layer(index);
  const std::uint64_t seed = stage_.dice.u64();
  const Propose propose = in_scope(std::string(base_scope),
                                   [seed](const json::value& present) -> std::expected<Proposal, WriteFault> {
                                     SeededRandom dice(seed);
                                     Proposal proposal{present, random_edits(dice, present)};
                                     for (const Edit& edit : proposal.edits)
                                       apply_edit(proposal.document, edit);
                                     return proposal;
                                   });
  stage_.world.begin_proposal(
      index, propose, [this, index](const std::expected<Written, WriteFault>& written) {
        if (!written || !written->change) return;
        // Invariant 1, at the moment of the answer.
        if (!stage_.world.disk(index).holds(*written->change))
          stage_.broken = "node " + std::to_string(index) + " acknowledged a change that is not on its disk";
        stage_.acknowledged.push_back(*written->change);
      });
}

// Of a scope of its own, which the fleet may know or not (M9).
void Writings::write_a_layer(std::size_t index) {
  Change change;
  change.edits = random_edits(stage_.dice, stage_.world.node(index).fleet().document("edge"));
  for (Edit& edit : change.edits) edit.scope = "edge";
  if (!change.edits.empty()) stage_.world.begin_record(index, RecordKind::change, change.to_body());
}

Bytes Writings::random_change(std::size_t index) {
  Change change;
  change.edits = random_edits(stage_.dice, stage_.world.node(index).fleet().document());
  if (change.edits.empty()) change.allow_empty = true;
  change.message = std::to_string(stage_.dice.u64());
  return change.to_body();
}

// An operator tells one half of the fleet this and the other that. Root may have seen one of the two, and
// said that so far all stands.
void Writings::fork_a_chain() {
  const std::size_t index = stage_.one_running();
  std::vector<std::vector<Bytes>> bodies(3);
  for (std::size_t part = 0; part < 3; ++part) {
    for (std::uint64_t count = stage_.below(2) + (part > 0 ? 1 : 0); count > 0; --count)
      bodies[part].push_back(random_change(index));
  }
  const Fork fork = stage_.world.forge_fork(index, bodies[0], bodies[1], bodies[2]);
  if (stage_.faults.late_anchors) {
    const Fleet& fleet = stage_.world.node(index).fleet();
    Anchor anchor{fleet.log().vector(), fleet.revision().value_or(RevisionId{})};
    const SignedRecord& seen = *(stage_.one_in(2) ? fork.left : fork.right).back();
    anchor.vector[fork.chain] = {seen.record.seq, seen.id, std::nullopt};
    keep_back({stage_.world.root_signs(index, RecordKind::anchor, anchor.to_body())});
  }
  for (const std::size_t i : stage_.running()) {
    std::vector<RecordPtr> told = fork.common;
    const auto& line = stage_.one_in(2) ? fork.left : fork.right;
    told.insert(told.end(), line.begin(), line.end());
    if (!stage_.one_in(4)) stage_.world.give(i, std::move(told));
  }
}

void Writings::bring_in_disorder() {
  const std::size_t from = stage_.one_running();
  const std::size_t to = stage_.one_running();
  std::vector<RecordPtr> records = stage_.world.node(from).fleet().log().records();
  for (std::size_t i = records.size(); i > 1; --i) std::swap(records[i - 1], records[stage_.below(i)]);
  records.resize(records.size() - records.size() / 4);
  stage_.world.give(to, std::move(records));
}

std::pair<RecordKind, Bytes> Writings::ruling_on_a_fork(const Fleet& fleet) {
  std::vector<std::pair<ChainId, ForkPoint>> forks;
  for (const auto& [chain, head] : fleet.log().vector()) {
    if (head.fork) forks.emplace_back(chain, *head.fork);
  }
  if (forks.empty()) return {};
  const auto& [chain, fork] = forks[stage_.below(forks.size())];
  const auto line = fleet.log().range(chain, fork.seq, 100, 1024UL * 1024);
  const bool none = line.empty() || stage_.one_in(4);
  const RecordId stands = none ? RecordId{} : line[stage_.below(line.size())]->id;
  return {RecordKind::ruling, Ruling{chain, fork.seq, stands}.to_body()};
}

// Anchors, rulings and labels, by root or by an admin's node.
void Writings::say_what_stands() {
  const std::size_t index = stage_.one_running();
  const Fleet& fleet = stage_.world.node(index).fleet();
  if (stage_.one_in(2)) {
    auto [kind, body] = ruling_on_a_fork(fleet);
    if (!body.empty()) return say_as_senior(index, kind, std::move(body));
  }
  if (stage_.one_in(3)) {
    const MemberLabels labels{stage_.world.peer(stage_.below(stage_.machines)),
                              {{"site", std::to_string(stage_.below(3))}}};
    return say_as_senior(index, RecordKind::labels, labels.to_body());
  }
  const Anchor anchor{fleet.log().vector(), fleet.revision().value_or(RevisionId{}),
                      stage_.one_in(3) ? newest_merge_level : 0};
  say_as_senior(index, RecordKind::anchor, anchor.to_body());
}

void Writings::say_as_senior(std::size_t index, RecordKind kind, Bytes body) {
  const bool admin =
      stage_.world.node(index).fleet().charter().role_of(stage_.world.peer(index)) == Role::admin;
  if (admin)
    stage_.world.begin_record(index, kind, std::move(body));
  else
    stage_.world.root_writes(index, kind, std::move(body));
}

void Writings::discard() {
  const std::size_t index = stage_.one_running();
  const Fleet& fleet = stage_.world.node(index).fleet();
  if (fleet.held().empty() || stage_.one_in(3)) return discard_as_if_long_ago();
  auto chosen = fleet.held().begin();
  std::advance(chosen, stage_.below(fleet.held().size()));
  const std::array ids{chosen->second};
  const auto change = stage_.one_in(2) ? discard_of(fleet, ids) : repropose_of(fleet, ids);
  if (change) stage_.world.begin_record(index, RecordKind::change, change->to_body());
}

// By an operator who set his clock back: of a change that was never held, so few minutes later than he says
// that no discard could reach it, or so many that one could, had nobody built upon it.
void Writings::discard_as_if_long_ago() {
  const std::size_t index = stage_.one_running();
  std::vector<RecordPtr> records = stage_.world.node(index).fleet().log().records();
  std::erase_if(records, [](const RecordPtr& r) { return r->record.kind != RecordKind::change; });
  if (records.empty()) return;
  const SignedRecord& target = *records[stage_.below(records.size())];
  const std::uint64_t earlier_ms = 1 + stage_.below(10ULL * 60 * 1000);
  Change discard;
  discard.voids = {target.id};
  const Hlc clock{target.record.hlc.value - (earlier_ms << 16)};
  stage_.world.give(stage_.one_running(), {stage_.world.forge_at(index, clock, discard.to_body())});
}

// With a grant that nobody knows, or that is another's; or with a clock of the far future.
void Writings::write_as_a_stranger() {
  const std::size_t index = stage_.one_running();
  const std::size_t other = stage_.below(stage_.machines);
  RecordId grant;
  grant.bytes.fill(7);
  const Member* member = stage_.world.node(index).fleet().charter().member(stage_.world.peer(other));
  if (member && stage_.one_in(2)) grant = member->grant;
  if (stage_.one_in(2)) {
    tell_somebody(stage_.world.forge(index, RecordKind::change, random_change(index), ten_years));
    return;
  }
  const RecordPtr stray = stage_.world.forge(index, RecordKind::change, random_change(index), {}, grant);
  if (stage_.one_in(3)) tell_somebody(follower_of(*stray, index, stray->record.seq + 1));
  if (stage_.one_in(3)) tell_somebody(follower_of(*stray, index, stray->record.seq));
  tell_somebody(stray);
}

// By the same author, under the grant that is his own: on top of it, or instead of it.
RecordPtr Writings::follower_of(const SignedRecord& stray, std::size_t index, std::uint64_t seq) {
  const Member* self = stage_.world.node(index).fleet().charter().member(stage_.world.peer(index));
  Record record = stray.record;
  if (seq > record.seq) {
    record.prev = stray.id;
    record.parents.clear();
    record.seq = seq;
  }
  if (self) record.grant = self->grant;
  record.hlc = Hlc{record.hlc.value + 1};
  record.body = random_change(index);
  return *sign_record(record, stage_.world.key(index));
}

// Who knows the grant refuses what he says, and so does in the end who had to wait for it.
void Writings::let_a_guest_write() {
  const std::size_t index = stage_.one_running();
  std::array<std::uint8_t, 32> seed{};
  stage_.dice.fill(seed);
  const PrivateKey guest = PrivateKey::ed25519_from_seed(seed);
  const Grant grant{PeerId::from_public_key(guest.public_key()), Role::node, "guest", {}, {}};
  RecordPtr granted = stage_.world.root_signs(index, RecordKind::grant, grant.to_body());
  const MemberLabels labels{stage_.world.peer(0), {{"site", "guest"}}};
  const std::vector<RecordPtr> said{
      stage_.world.sign(guest, index, RecordKind::change, granted->id, random_change(index)),
      stage_.world.sign(guest, index, RecordKind::labels, granted->id, labels.to_body())};
  for (const std::size_t i : stage_.running()) {
    if (stage_.one_in(2)) stage_.world.give(i, said);
  }
  keep_back({std::move(granted)});
}

void Writings::tell_somebody(const RecordPtr& record) { stage_.world.give(stage_.one_running(), {record}); }

void Writings::tell_what_was_kept_back() {
  if (kept_back_.empty()) return;
  const auto chosen = kept_back_.begin() + static_cast<std::ptrdiff_t>(stage_.below(kept_back_.size()));
  std::vector<RecordPtr> records = std::move(*chosen);
  kept_back_.erase(chosen);
  stage_.world.give(stage_.one_running(), std::move(records));
}

void Writings::end() {
  while (!kept_back_.empty()) tell_what_was_kept_back();
}

}  // namespace starling::sim
