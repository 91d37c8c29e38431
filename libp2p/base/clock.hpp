// Time as a dependency: nothing but the runtime reads a clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace libp2p {

using Duration = std::chrono::nanoseconds;

// Tags the monotonic time line; it has no now() of its own on purpose: ask a Clock.
struct MonotonicTimeline {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  static constexpr bool is_steady = true;
};
using Instant = std::chrono::time_point<MonotonicTimeline>;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back; its zero is arbitrary.
  [[nodiscard]] virtual Instant now() const = 0;
  // The machine's idea of civil time: may be wrong by years, may jump.
  [[nodiscard]] virtual WallTime wall() const = 0;
};

}  // namespace libp2p
