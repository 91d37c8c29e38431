// The real runtime: the machine's clock, randomness and timers. Made by main and by tests on real sockets
// only.
#pragma once

#include <memory>

#include "libp2p/base/env.hpp"

namespace libp2p {

class SystemRuntime {
 public:
  // `log` must outlive the runtime. `worker_threads` is the size of the pool for blocking work.
  explicit SystemRuntime(Log& log, unsigned worker_threads = 2);
  SystemRuntime(const SystemRuntime&) = delete;
  SystemRuntime& operator=(const SystemRuntime&) = delete;
  ~SystemRuntime();

  [[nodiscard]] Env env();
  [[nodiscard]] asio::io_context& io() noexcept;
  // Runs the loop until stop() or until nothing is left to do.
  void run();
  void stop();
  // Runs the loop until `task` has ended; rethrows what it threw.
  void run(Task<> task);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Writes to standard error, one line an event, with the time of day and the level.
class StderrLog final : public Log {
 public:
  explicit StderrLog(LogLevel least) noexcept : least_(least) {}
  [[nodiscard]] bool enabled(LogLevel level) const noexcept override { return level >= least_; }
  void write(LogLevel level, std::string_view event, std::span<const LogField> fields) override;

 private:
  LogLevel least_;
};

}  // namespace libp2p
