// Brings what this node lacks: compares vectors with its peers, and asks those who have more for it (rule
// L5).
#pragma once

#include <functional>
#include <map>

#include "libp2p/base/task_group.hpp"
#include "libp2p/swarm/swarm.hpp"
#include "starling/fleet/fleet.hpp"
#include "starling/sync/horizons.hpp"
#include "starling/sync/pull_planner.hpp"
#include "starling/sync/record_exchange.hpp"
#include "starling/sync/record_intake.hpp"

namespace starling {

struct PullConfig {
  Duration least = std::chrono::seconds(10);  // anti-entropy, with jitter between the two
  Duration most = std::chrono::seconds(30);
  Liveness liveness = {};
  // A peer that takes longer for its part of a round gives way, if others have the same.
  Duration slow = std::chrono::seconds(30);
};

// What a puller leaves to others.
struct PullHooks {
  std::function<void(BytesView)> take_status;
  std::function<std::vector<StatusMark>()> known_statuses;
  // The peer offers no sync protocol: it does not know that we are a member.
  std::function<Task<>(PeerId)> prove_membership;
};

class Puller {
 public:
  // All must outlive it, and what the hooks refer to.
  Puller(Env env, libp2p::Swarm& swarm, Fleet& fleet, PullConfig config, PullHooks hooks);

  void start();
  [[nodiscard]] Task<> stop() { return tasks_.stop(); }

  // Compares with `peer` soon, and brings what it has more. `in_return`: because it has compared with us.
  void want(const PeerId& peer, bool in_return = false);
  // With any peer, preferably this one.
  void want_from_any(const PeerId& preferred);
  void gone(const PeerId& peer) {
    planner_.gone(peer);
    horizons_.gone(peer);
  }

  [[nodiscard]] const PullPlanner& planner() const noexcept { return planner_; }

 private:
  struct Round;
  Task<> compare_periodically();
  Task<> compare_until_settled(PeerId peer);
  Task<Result<>> compare(PeerId peer, bool in_return);
  Task<> pull_rounds();
  // What is missing nobody has any more: begins with a checkpoint of it. False: there is none to believe.
  Task<bool> rest_on_unseen();
  Task<> hear_others();
  Task<> pull_round(std::vector<PullPlanner::Ask> asks);
  Task<RecordIntake::Outcome> read_lanes(Round& round);
  static Task<> end_round(Round& round);
  Task<> read_lane(Round& round, std::size_t lane);
  Task<Result<>> read_answer(Round& round, std::size_t lane);
  [[nodiscard]] std::vector<RecordId> wanted() const;
  [[nodiscard]] PullRequest request_of(const PullPlanner::Ask& ask, std::string_view protocol) const;
  void settle(const Round& round, const RecordIntake::Outcome& outcome);

  Env env_;
  libp2p::Swarm& swarm_;
  Fleet& fleet_;
  PullConfig config_;
  PullHooks hooks_;
  PullPlanner planner_;
  Horizons horizons_;
  struct NextComparison {
    bool wanted = false;
    bool in_return = false;  // of one that the peer began
  };
  std::map<PeerId, NextComparison> comparing_;  // with whom one is under way, and what comes after it
  libp2p::Notifier work_;                       // plan() may have something new
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
