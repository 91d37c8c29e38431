#include "starling/fleet/held.hpp"

#include <algorithm>

namespace starling {

Result<std::vector<RecordPtr>> held_with_descendants(const Fleet& fleet, std::span<const RecordId> ids) {
  for (const RecordId& id : ids) {
    const RecordPtr record = fleet.log().get(id);
    if (!record || record->record.kind != RecordKind::change)
      return fail(Errc::not_found, "no change has the id " + to_cid(id));
    const ChangeState state = fleet.status_of(id).state;
    if (state != ChangeState::held) {
      return fail(Errc::refused, to_cid(id) + " is " + std::string(to_string(state)) +
                                     ", not held: only held changes can be discarded or proposed anew");
    }
  }
  std::vector<RecordPtr> reached;
  for (const auto& [clock, id] : fleet.held()) {
    const bool named = std::ranges::any_of(
        ids, [&](const RecordId& first) { return first == id || fleet.log().happened_before(first, id); });
    if (named) reached.push_back(fleet.log().get(id));
  }
  return reached;
}

namespace {

Result<Change> voiding(const Fleet& fleet, const std::vector<RecordPtr>& held) {
  const AuthoringContext context = fleet.authoring_context();
  const Hlc clock = Hlc::after(context.log.latest(context.ceiling), context.wall);
  Change change;
  for (const RecordPtr& record : held) {
    if (!Discards::reaches(clock, record->record.hlc)) {
      return fail(Errc::refused,
                  to_cid(record->id) +
                      " enters within minutes, and a discard would no longer reach it on every "
                      "node: wait for it, then revert it");
    }
    change.voids.push_back(record->id);
  }
  if (change.voids.size() > max_voided) {
    return fail(Errc::limit, std::to_string(change.voids.size()) +
                                 " held changes descend from these, and one change can name 1024: name later "
                                 "ones first");
  }
  std::ranges::sort(change.voids);
  return change;
}

}  // namespace

Result<Change> discard_of(const Fleet& fleet, std::span<const RecordId> ids) {
  LIBP2P_TRY(const std::vector<RecordPtr> held, held_with_descendants(fleet, ids));
  return voiding(fleet, held);
}

Result<Change> repropose_of(const Fleet& fleet, std::span<const RecordId> ids) {
  LIBP2P_TRY(const std::vector<RecordPtr> held, held_with_descendants(fleet, ids));
  LIBP2P_TRY(Change change, voiding(fleet, held));
  for (const RecordPtr& record : held) {
    LIBP2P_TRY(Change said, Change::from_body(record->record.body));
    if (change.edits.size() + said.edits.size() > max_edits)
      return fail(Errc::limit, "together they have more than 65,536 edits: propose fewer at a time");
    std::ranges::move(said.edits, std::back_inserter(change.edits));
    change.allow_empty = change.allow_empty || said.allow_empty;
    if (held.size() == 1) {
      change.actor = std::move(said.actor);
      change.message = std::move(said.message);
    }
  }
  return change;
}

}  // namespace starling
