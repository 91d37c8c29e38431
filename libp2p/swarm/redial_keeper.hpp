// Keeps dialling the peers that are to stay connected.
#pragma once

#include "libp2p/base/task_group.hpp"
#include "libp2p/swarm/dial_book.hpp"
#include "libp2p/swarm/redial_schedule.hpp"

namespace libp2p::swarm {

class RedialKeeper {
 public:
  RedialKeeper(Env env, const SwarmConfig& config, DialBook& dials, const ConnectionTable& table,
               TaskGroup& tasks, PeerId local);

  void keep(const PeerId& peer);
  void release(const PeerId& peer) { schedule_.release(peer); }
  void seen(const PeerId& peer);
  void on_connected(const PeerId& peer) { schedule_.connected(peer); }
  void on_lost(const PeerId& peer);
  // The task that dials; ends by cancellation.
  [[nodiscard]] Task<> run();

 private:
  [[nodiscard]] Task<> dial(PeerId peer);

  Env env_;
  const SwarmConfig& config_;
  DialBook& dials_;
  const ConnectionTable& table_;
  TaskGroup& tasks_;
  PeerId local_;
  RedialSchedule schedule_;
  std::size_t dialling_ = 0;
  Notifier changed_;
};

}  // namespace libp2p::swarm
