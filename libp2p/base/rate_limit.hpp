// At most so many events in any stretch of time. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>

#include "libp2p/base/clock.hpp"

namespace libp2p {

class RateLimit {
 public:
  RateLimit(std::size_t most, Duration per) noexcept : most_(most), per_(per) {}

  [[nodiscard]] bool allows(Instant now) const { return next(now) <= now; }
  void count(Instant now) {
    if (!recent_.empty() && recent_.size() >= most_) recent_.pop_front();
    recent_.push_back(now);
  }
  // Counts one, if it is allowed.
  [[nodiscard]] bool take(Instant now) {
    if (!allows(now)) return false;
    count(now);
    return true;
  }
  // When the next event would be allowed; `now` if at once.
  [[nodiscard]] Instant next(Instant now) const {
    if (recent_.size() < most_) return now;
    return recent_.empty() ? Instant::max() : std::max(now, recent_.front() + per_);
  }

 private:
  std::size_t most_;
  Duration per_;
  std::deque<Instant> recent_;  // the latest, oldest first
};

}  // namespace libp2p
