// At most so many events in any stretch of time. Pure.
#pragma once

#include <cstddef>
#include <deque>

#include "libp2p/base/clock.hpp"

namespace libp2p::yamux {

class RateLimit {
 public:
  RateLimit(std::size_t most, Duration per) noexcept : most_(most), per_(per) {}

  // Counts an event at `now`, unless it is one too many.
  [[nodiscard]] bool allow(Instant now);
  // When the next event would be allowed; `now` if at once.
  [[nodiscard]] Instant next(Instant now) const;

 private:
  std::size_t most_;
  Duration per_;
  std::deque<Instant> recent_;  // at most most_, oldest first
};

inline bool RateLimit::allow(Instant now) {
  if (next(now) > now) return false;
  if (recent_.size() >= most_) recent_.pop_front();
  recent_.push_back(now);
  return true;
}

inline Instant RateLimit::next(Instant now) const {
  if (recent_.size() < most_) return now;
  return std::max(now, recent_.front() + per_);
}

}  // namespace libp2p::yamux
