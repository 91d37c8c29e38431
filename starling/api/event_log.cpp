#include "starling/api/event_log.hpp"

namespace starling {

void EventLog::add(std::string type, json::value data) {
  events_.push_back({next_++, std::move(type), env_.clock.wall(), std::move(data)});
  if (events_.size() > capacity) events_.pop_front();
  added_.notify_all();
}

std::vector<Event> EventLog::after(std::uint64_t cursor) const {
  std::vector<Event> events;
  for (const Event& event : events_) {
    if (event.cursor > cursor) events.push_back(event);
  }
  return events;
}

libp2p::Task<bool> EventLog::wait_after(std::uint64_t cursor, libp2p::Instant deadline) {
  while (newest() <= cursor) {
    if (!co_await added_.wait_until(env_, deadline) && newest() <= cursor) co_return false;
  }
  co_return true;
}

}  // namespace starling
