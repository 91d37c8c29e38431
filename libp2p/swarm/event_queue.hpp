// Tells the observers, from a task of its own and never from inside a call into the swarm.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "libp2p/base/notifier.hpp"
#include "libp2p/swarm/swarm.hpp"

namespace libp2p::swarm {

class EventQueue {
 public:
  using Event = std::move_only_function<void(SwarmObserver&)>;

  explicit EventQueue(Env env) : posted_(env.executor) {}

  void add(SwarmObserver& observer);
  // It is not called again, not even with what is queued.
  void remove(SwarmObserver& observer);
  void post(Event event);
  // The task that delivers; ends by cancellation.
  [[nodiscard]] Task<> run();
  // Delivers what is queued now, from the caller.
  void drain();

 private:
  std::vector<SwarmObserver*> observers_;
  std::deque<Event> events_;
  Notifier posted_;
};

}  // namespace libp2p::swarm
