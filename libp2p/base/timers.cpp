#include "libp2p/base/timers.hpp"

namespace libp2p {

Timers::Id TimerQueue::add(Instant deadline, Timers::Callback callback) {
  const Timers::Id id = next_id_++;
  by_deadline_.emplace(std::pair(deadline, id), std::move(callback));
  deadlines_.emplace(id, deadline);
  return id;
}

void TimerQueue::cancel(Timers::Id id) {
  const auto found = deadlines_.find(id);
  if (found == deadlines_.end()) return;
  // The callback may own what calls back into this queue while it dies: take it out before it is destroyed.
  auto node = by_deadline_.extract(std::pair(found->second, id));
  deadlines_.erase(found);
}

std::optional<Instant> TimerQueue::next_deadline() const {
  if (by_deadline_.empty()) return std::nullopt;
  return by_deadline_.begin()->first.first;
}

std::optional<Timers::Callback> TimerQueue::pop_due(Instant now) {
  if (by_deadline_.empty() || by_deadline_.begin()->first.first > now) return std::nullopt;
  auto node = by_deadline_.extract(by_deadline_.begin());
  deadlines_.erase(node.key().second);
  return std::move(node.mapped());
}

}  // namespace libp2p
