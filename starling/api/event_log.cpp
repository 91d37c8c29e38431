#include "starling/api/event_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace starling {
namespace {

constexpr std::size_t epoch_digits = 16;

std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void EventLog::add(std::string type, json::value data) {
  events_.push_back({next_++, std::move(type), env_.clock.wall(), std::move(data)});
  if (events_.size() > capacity) events_.pop_front();
  added_.notify_all();
}

std::vector<Event> EventLog::after(std::uint64_t number) const {
  std::vector<Event> events;
  for (const Event& event : events_) {
    if (event.number > number) events.push_back(event);
  }
  return events;
}

libp2p::Task<bool> EventLog::wait_after(std::uint64_t number, libp2p::Instant deadline) {
  while (newest() <= number) {
    if (!co_await added_.wait_until(env_, deadline) && newest() <= number) co_return false;
  }
  co_return true;
}

std::string EventLog::cursor(std::uint64_t number) const {
  std::array<std::uint8_t, sizeof(epoch_)> epoch{};
  libp2p::store_be(epoch_, epoch.data());
  return libp2p::to_hex(epoch) + "-" + std::to_string(number);
}

EventLog::Place EventLog::go_on(std::uint64_t seen) const {
  // After which all is kept.
  const std::uint64_t before = events_.empty() ? newest() : events_.front().number - 1;
  return {std::max(seen, before), seen < before};
}

std::optional<EventLog::Place> EventLog::find(std::string_view cursor) const {
  const std::size_t dash = cursor.find('-');
  // Without an epoch it is the beginning, or of a version that told none.
  const bool has_epoch = dash != std::string_view::npos;
  const auto number = parse_number(has_epoch ? cursor.substr(dash + 1) : cursor, 10);
  const auto epoch = has_epoch ? parse_number(cursor.substr(0, dash), 16) : std::optional(epoch_);
  if (!number || !epoch || (has_epoch && dash != epoch_digits)) return std::nullopt;
  const bool ours = has_epoch ? *epoch == epoch_ && *number <= newest() : *number == 0;
  return ours ? go_on(*number) : Place{go_on(0).after, true};
}

}  // namespace starling
