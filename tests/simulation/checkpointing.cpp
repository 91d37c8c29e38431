#include "tests/simulation/checkpointing.hpp"

#include <algorithm>

#include "tests/simulation/forgeries.hpp"

namespace starling::sim {

void Checkpointing::happen() {
  const Faults& drawn = stage_.faults;
  switch (stage_.below(5)) {
    case 0:
    case 1:
      if (drawn.checkpoints) write();
      break;
    case 2:
      if (drawn.forgetting) forget_at(stage_.one_running());
      break;
    case 3:
      if (drawn.hostile_admin) forge();
      break;
    default:
      if (drawn.newcomers && stage_.one_in(2)) let_a_newcomer_in();
  }
}

bool Checkpointing::is_admin(std::size_t index) const {
  return stage_.world.node(index).fleet().charter().role_of(stage_.world.peer(index)) == Role::admin;
}

// By an admin's node, which may be one of two with one key, or by root, who may keep it back: so several
// follow the same one.
void Checkpointing::write() {
  const std::size_t index = stage_.one_running();
  if (!may_write(index)) return;
  if (is_admin(index)) return stage_.world.begin_checkpoint(index);
  const auto next = stage_.world.next_checkpoint(index);
  if (!next) return;
  RecordPtr record = stage_.world.root_signs(index, RecordKind::checkpoint, next->to_body());
  if (!stage_.faults.forgetting && stage_.one_in(3))
    kept_back_.push_back(std::move(record));
  else
    stage_.world.give(index, {std::move(record)});
}

// Who has forgotten what lies behind a checkpoint can't judge another one beside it. In a fleet a month lies
// between; here it has to be said that nobody writes one who doesn't know what was forgotten.
bool Checkpointing::may_write(std::size_t index) const {
  if (!stage_.forgotten_behind) return true;
  const Fleet& fleet = stage_.world.node(index).fleet();
  for (RecordPtr at = fleet.checkpoint(); at;) {
    if (at->id == *stage_.forgotten_behind) return true;
    const auto checkpoint = Checkpoint::from_body(at->record.body);
    at = checkpoint ? fleet.log().get(checkpoint->anchor.base) : nullptr;
  }
  return false;
}

bool Checkpointing::knows_all_checkpoints_of(std::size_t index, std::size_t other) const {
  const Changelog& log = stage_.world.node(index).fleet().log();
  const auto known = [&](const RecordPtr& r) {
    return r->record.kind != RecordKind::checkpoint || log.holds(r->id) || log.is_settled(r->record);
  };
  return std::ranges::all_of(stage_.world.disk(other).image().records, known) &&
         (!stage_.world.running(other) ||
          std::ranges::all_of(stage_.world.node(other).fleet().log().records(), known));
}

// That all know the checkpoint, and no other can still come beside it, a month would see to.
bool Checkpointing::may_forget(std::size_t index) const {
  const Fleet& fleet = stage_.world.node(index).fleet();
  const RecordPtr base = fleet.checkpoint();
  if (stage_.a_clone_remembers || !kept_back_.empty() || !base || !fleet.settled()) return false;
  for (std::size_t i = 0; i < stage_.world.size(); ++i) {
    if (stage_.retired.contains(i)) continue;
    if (!stage_.world.disk(i).holds(base->id) || !knows_all_checkpoints_of(index, i)) return false;
    if (!stage_.world.running(i)) continue;
    const Fleet& other = stage_.world.node(i).fleet();
    if (!other.settled() || !other.checkpoint() || other.checkpoint()->id != base->id) return false;
  }
  return true;
}

void Checkpointing::forget_at(std::size_t index) {
  if (!may_forget(index)) return;
  stage_.forgotten_behind = stage_.world.node(index).fleet().checkpoint()->id;
  stage_.world.drop_covered(index, std::chrono::milliseconds(stage_.one_in(2) ? 0 : stage_.below(10'000)));
}

// By whoever holds the admin's key, and tells it to some.
void Checkpointing::forge() {
  constexpr std::size_t admin = 1;
  const std::size_t index = stage_.one_running();
  const Fleet& fleet = stage_.world.node(index).fleet();
  const Member* member = fleet.charter().member(stage_.world.peer(admin));
  if (!member || member->role != Role::admin) return;
  auto checkpoint = stage_.world.next_checkpoint(index);
  if (!checkpoint) return;
  if (!sim::forge(*checkpoint, all_forgeries.at(stage_.below(all_forgeries.size())), fleet)) return;
  const RecordPtr forged = stage_.world.sign(stage_.world.key(admin), index, RecordKind::checkpoint,
                                             member->grant, checkpoint->to_body());
  for (const std::size_t i : stage_.running()) {
    if (i == index || stage_.one_in(2)) stage_.world.give(i, {forged});
  }
}

// Whom a witness has let in whose chain turns out to be forked would be suspended with it; and one whose
// clock is ahead of the invite's end would let nobody in. Nodes 0 and 1 are the founder and the admin.
void Checkpointing::let_a_newcomer_in() {
  if (stage_.a_clone_remembers || stage_.machines <= 2) return;
  const std::size_t index = 2 + stage_.below(stage_.machines - 2);
  const std::size_t witness = stage_.one_running();
  if (index == witness || witness >= stage_.machines || stage_.wrong_clocks.contains(witness) ||
      !stage_.world.node(witness).joined() || stage_.witnesses.contains(index))
    return;
  stage_.forget_what_only(index, nullptr);
  std::erase(stage_.crashed, index);
  stage_.backups.erase(index);
  stage_.all_granted = false;
  stage_.witnesses.insert(witness);
  stage_.world.reinstall(index, witness);
}

void Checkpointing::end() {
  for (RecordPtr& record : kept_back_) stage_.world.give(stage_.one_running(), {std::move(record)});
  kept_back_.clear();
}

}  // namespace starling::sim
