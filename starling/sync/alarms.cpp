#include "starling/sync/alarms.hpp"

#include <algorithm>

namespace starling {

std::string_view to_string(Alarm::Kind kind) noexcept {
  switch (kind) {
    case Alarm::Kind::stale:
      return "stale";
    case Alarm::Kind::unfetchable:
      return "unfetchable";
    case Alarm::Kind::differs:
      return "differs";
    case Alarm::Kind::held:
      return "held";
    case Alarm::Kind::clock:
      return "clock";
    case Alarm::Kind::fork:
      return "fork";
    case Alarm::Kind::state_differs:
      return "state-differs";
  }
  return "unknown";
}

std::string explain(const Alarm& alarm) {
  switch (alarm.kind) {
    case Alarm::Kind::stale:
      return "nothing was heard of this node for three heartbeats: is it running, and can others reach it?";
    case Alarm::Kind::unfetchable:
      return "this node names " + alarm.what +
             ", and for 90 s no peer has brought it: it may be withheld; connect to more members, or look at "
             "the node";
    case Alarm::Kind::differs:
      return "from the same records this node makes another state, " + alarm.what +
             " here (M9): one of the two is damaged or lies; compare their versions, then their stores";
    case Alarm::Kind::held:
      return "this node wrote " + alarm.what +
             " with a clock too far ahead of the fleet's (L7): it counts for nothing until the fleet's time "
             "has "
             "come there; `starling repropose` says the same now, `starling discard` makes it void";
    case Alarm::Kind::clock:
      return "this node's clock is more than 5 minutes " + alarm.what + " the fleet's" +
             (alarm.what == clock_ahead ? ", so it may not write (L7)" : " (L7)") +
             ": set it, and see to its time service";
    case Alarm::Kind::fork:
      return "this node's key has written two records with one number in the chain " + alarm.what +
             " (L3): is the machine there twice, or was it set back? What lies past that counts for nothing "
             "until "
             "an admin says which stands: `starling fork show`, then `starling fork rule`";
    case Alarm::Kind::state_differs:
      return "this node signed another state in " + alarm.what +
             " than the same records make here (M9): one of the two is damaged or lies; compare their "
             "versions, "
             "then their stores";
  }
  return {};
}

void Alarms::heard(const Status& status, const std::optional<StateMark>& ours, const Holds& holds,
                   Instant now) {
  Heard& heard = heard_[status.node];
  // A head that is gone from the status is behind another one now: what has been missing so long still is.
  std::optional<Instant> missing_since;
  for (const auto& [head, since] : heard.unknown) {
    if (!holds(head)) missing_since = std::min(missing_since.value_or(since), since);
  }
  std::map<RecordId, Instant> before = std::exchange(heard.unknown, {});
  for (const RecordId& head : status.heads) {
    if (holds(head)) continue;
    const auto known = before.find(head);
    heard.unknown.emplace(head, known != before.end() ? known->second : missing_since.value_or(now));
  }
  const bool comparable = ours && status.vector_digest && status.revision &&
                          *status.vector_digest == ours->vector_digest &&
                          status.revision_level == ours->level;
  if (!comparable) return;
  heard.differs.clear();
  if (*status.revision != ours->revision)
    heard.differs = to_hex(*status.revision) + " there, " + to_hex(ours->revision);
}

void Alarms::forget(const PeerId& node) { heard_.erase(node); }

Alarms::Changes Alarms::update(const StatusBoard& board, Duration fresh_for,
                               const std::vector<Unfetchable>& unfetchable, const Holds& holds,
                               AlarmsSince of_fleet, Instant now) {
  AlarmsSince present = std::move(of_fleet);
  for (const auto& [node, seen] : board.all()) {
    if (seen.fresh && now - seen.at > fresh_for)
      present.emplace(Alarm{Alarm::Kind::stale, node, {}}, seen.at);
  }
  for (const auto& [node, heard] : heard_) {
    for (const auto& [head, since] : heard.unknown) {
      if (now - since >= unfetchable_after && !holds(head))
        present.emplace(Alarm{Alarm::Kind::unfetchable, node, "the record " + to_cid(head)}, since);
    }
    if (!heard.differs.empty()) present.emplace(Alarm{Alarm::Kind::differs, node, heard.differs}, now);
  }
  for (const Unfetchable& one : unfetchable) {
    present.emplace(Alarm{Alarm::Kind::unfetchable, one.named_by,
                          "number " + std::to_string(one.seq) + " of " + one.chain.author.to_string() +
                              "'s chain " + std::to_string(one.chain.incarnation)},
                    one.since);
  }
  Changes changes;
  std::erase_if(standing_, [&](const auto& entry) {
    if (present.contains(entry.first)) return false;
    changes.over.push_back(entry.first);
    return true;
  });
  for (const auto& [alarm, since] : present) {
    if (standing_.size() < max_standing && standing_.emplace(alarm, since).second)
      changes.raised.push_back(alarm);
  }
  return changes;
}

}  // namespace starling
