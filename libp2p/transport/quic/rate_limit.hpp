// At most so many events in any period. Pure.
#pragma once

#include <cstddef>
#include <deque>

#include "libp2p/base/clock.hpp"

namespace libp2p::quic {

class RateLimit {
 public:
  RateLimit(std::size_t most, Duration period) noexcept : most_(most), period_(period) {}

  [[nodiscard]] bool allows(Instant now) {
    while (!recent_.empty() && now - recent_.front() >= period_) recent_.pop_front();
    return recent_.size() < most_;
  }
  void count(Instant now) { recent_.push_back(now); }
  // Counts one, if it is allowed.
  [[nodiscard]] bool take(Instant now) {
    if (!allows(now)) return false;
    count(now);
    return true;
  }

 private:
  std::size_t most_;
  Duration period_;
  std::deque<Instant> recent_;  // never more than most_
};

}  // namespace libp2p::quic
