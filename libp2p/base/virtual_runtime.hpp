// A runtime on virtual time, from one seed, in one thread: for simulation and tests.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>

#include "libp2p/base/env.hpp"

namespace libp2p {

// Time stands still while anything is ready to run, then jumps to the next timer. The same seed and the same
// calls give the same run, to the last event.
class VirtualRuntime {
 public:
  // Wall time begins at 2026-01-01T00:00:00Z.
  explicit VirtualRuntime(std::uint64_t seed, Log& log);
  explicit VirtualRuntime(std::uint64_t seed = 1);
  VirtualRuntime(const VirtualRuntime&) = delete;
  VirtualRuntime& operator=(const VirtualRuntime&) = delete;
  ~VirtualRuntime();

  [[nodiscard]] Env env();
  [[nodiscard]] Instant now() const;
  // An Env whose wall clock is `offset` away from true: a node with a wrong clock. The runtime keeps the
  // clock.
  [[nodiscard]] Env env_with_wall_offset(std::chrono::milliseconds offset);

  // Runs all that is ready now, without moving time.
  void run_ready();
  // Runs for this much virtual time.
  void run_for(Duration duration);
  // Runs until `task` has ended, at most `limit` of virtual time; rethrows what it threw. Aborts past the
  // limit or when nothing is left that could end it: a test that hangs must say so.
  void run(Task<> task, Duration limit = std::chrono::hours(1));
  template <class T>
    requires(!std::is_void_v<T>)
  T run(Task<T> task, Duration limit = std::chrono::hours(1)) {
    std::optional<T> value;
    run(store(std::move(task), value), limit);
    return std::move(*value);
  }

 private:
  template <class T>
  static Task<> store(Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
  }
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace libp2p
