#include "starling/sync/alarms.hpp"

#include <algorithm>
#include <set>

namespace starling {

std::string_view to_string(Alarm::Kind kind) noexcept {
  switch (kind) {
    case Alarm::Kind::stale:
      return "stale";
    case Alarm::Kind::unfetchable:
      return "unfetchable";
    case Alarm::Kind::differs:
      return "differs";
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
                                       Instant now) {
  std::set<Alarm> present;
  for (const auto& [node, seen] : board.all()) {
    if (seen.fresh && now - seen.at > fresh_for) present.insert({Alarm::Kind::stale, node, {}});
  }
  for (const auto& [node, heard] : heard_) {
    for (const auto& [head, since] : heard.unknown) {
      if (now - since >= unfetchable_after && !holds(head))
        present.insert({Alarm::Kind::unfetchable, node, "the record " + to_cid(head)});
    }
    if (!heard.differs.empty()) present.insert({Alarm::Kind::differs, node, heard.differs});
  }
  for (const Unfetchable& one : unfetchable) {
    present.insert({Alarm::Kind::unfetchable, one.named_by,
                    "number " + std::to_string(one.seq) + " of " + one.chain.author.to_string() +
                        "'s chain " + std::to_string(one.chain.incarnation)});
  }
  Changes changes;
  std::erase_if(standing_, [&](const auto& entry) {
    if (present.contains(entry.first)) return false;
    changes.over.push_back(entry.first);
    return true;
  });
  for (const Alarm& alarm : present) {
    if (standing_.size() < max_standing && standing_.emplace(alarm, now).second)
      changes.raised.push_back(alarm);
  }
  return changes;
}

}  // namespace starling
