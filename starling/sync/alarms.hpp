// What an operator has to know: who has fallen silent, what nobody brings, who comes to another state from
// the same records, and what counts for nothing until somebody acts.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "starling/sync/pull_planner.hpp"
#include "starling/sync/status_board.hpp"

namespace starling {

struct Alarm {
  enum class Kind {
    stale,          // a member that was heard of has not been for three heartbeats (RV13)
    unfetchable,    // a signed status or a vector names what nobody has brought for 90 s (RV13)
    differs,        // the same vector, another revision at the same level of the merge (M9)
    held,           // a change whose clock is too far ahead of the fleet's (L7)
    clock,          // a member's clock is as far from the fleet's, either way (L7)
    fork,           // two records with one number, and nobody has said which stands (L3)
    state_differs,  // an anchor or a checkpoint names another state than its records make here (M9)
  };
  Kind kind{};
  PeerId node;       // whom it is about
  std::string what;  // a head, a place in a chain, two revisions, a change, a chain, an anchor
  friend auto operator<=>(const Alarm&, const Alarm&) = default;
};
// What a wrong clock's alarm says.
inline constexpr std::string_view clock_ahead = "ahead of";
inline constexpr std::string_view clock_behind = "behind";
inline constexpr std::array alarm_kinds{
    Alarm::Kind::stale, Alarm::Kind::unfetchable, Alarm::Kind::differs,      Alarm::Kind::held,
    Alarm::Kind::clock, Alarm::Kind::fork,        Alarm::Kind::state_differs};
// And since when its cause has been seen.
using AlarmsSince = std::map<Alarm, Instant>;
[[nodiscard]] std::string_view to_string(Alarm::Kind kind) noexcept;
// For people: what it means, and what to do.
[[nodiscard]] std::string explain(const Alarm& alarm);

// What a node's present state follows from, while that is certain (see Status::vector_digest).
struct StateMark {
  libp2p::Sha256Digest vector_digest{};
  RevisionId revision;
  unsigned level = 1;
};

// Pure. Each alarm is raised once and stands until its cause is gone.
class Alarms {
 public:
  static constexpr Duration unfetchable_after = std::chrono::seconds(90);
  static constexpr std::size_t max_standing = 4096;

  using Holds = std::function<bool(const RecordId&)>;

  // A member's status has been taken; `ours` is our own state, if it is certain now.
  void heard(const Status& status, const std::optional<StateMark>& ours, const Holds& holds, Instant now);
  void forget(const PeerId& node);

  struct Changes {
    std::vector<Alarm> raised;
    std::vector<Alarm> over;
  };
  // Looks at everything anew. `fresh_for` is how long a status is fresh; `of_fleet` is what has been found
  // elsewhere (fleet_alarms.hpp).
  [[nodiscard]] Changes update(const StatusBoard& board, Duration fresh_for,
                               const std::vector<Unfetchable>& unfetchable, const Holds& holds,
                               AlarmsSince of_fleet, Instant now);
  [[nodiscard]] const AlarmsSince& standing() const noexcept { return standing_; }

 private:
  struct Heard {
    std::map<RecordId, Instant> unknown;  // heads that we don't hold, and since when something was missing
    std::string differs;                  // from our revision, as last compared
  };

  std::map<PeerId, Heard> heard_;
  AlarmsSince standing_;
};

}  // namespace starling
