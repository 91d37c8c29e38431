#include "libp2p/swarm/event_queue.hpp"

#include <algorithm>

namespace libp2p::swarm {

void EventQueue::add(SwarmObserver& observer) { observers_.push_back(&observer); }

void EventQueue::remove(SwarmObserver& observer) { std::erase(observers_, &observer); }

void EventQueue::post(Event event) {
  if (observers_.empty()) return;
  events_.push_back(std::move(event));
  posted_.notify_all();
}

Task<> EventQueue::run() {
  for (;;) {
    while (events_.empty()) co_await posted_.wait();
    drain();
  }
}

void EventQueue::drain() {
  while (!events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    // An observer may remove itself, or others, while it is told.
    for (SwarmObserver* observer : std::vector<SwarmObserver*>(observers_)) {
      if (std::ranges::find(observers_, observer) != observers_.end()) event(*observer);
    }
  }
}

}  // namespace libp2p::swarm
