// Timers over the injected clock. Asio's own never fire under poll() with a hand-driven clock, so they are
// ours.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "libp2p/base/clock.hpp"

namespace libp2p {

class Timers {
 public:
  using Id = std::uint64_t;  // 0 is never given out
  using Callback = std::move_only_function<void()>;

  virtual ~Timers() = default;
  // Calls `callback` once, from the executor, at or after `deadline`.
  virtual Id schedule(Instant deadline, Callback callback) = 0;
  // Does nothing for an id that has fired or been cancelled.
  virtual void cancel(Id id) = 0;
};

// The pending timers of a runtime, in order of deadline and then of scheduling. A runtime drives it.
class TimerQueue {
 public:
  Timers::Id add(Instant deadline, Timers::Callback callback);
  void cancel(Timers::Id id);
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  // Takes out the first callback due at `now`, if any.
  [[nodiscard]] std::optional<Timers::Callback> pop_due(Instant now);
  [[nodiscard]] std::size_t size() const noexcept { return by_deadline_.size(); }

 private:
  std::map<std::pair<Instant, Timers::Id>, Timers::Callback> by_deadline_;
  std::map<Timers::Id, Instant> deadlines_;
  Timers::Id next_id_ = 1;
};

}  // namespace libp2p
