#include "libp2p/base/system_runtime.hpp"

#include <sys/random.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>

namespace libp2p {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
  }
  [[nodiscard]] WallTime wall() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

class SystemRandom final : public Random {
 public:
  void fill(MutableBytes out) override {
    while (!out.empty()) {
      const ssize_t got = ::getrandom(out.data(), out.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) std::abort();  // no randomness: nothing that follows would be safe
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }
};

// One Asio timer carries the whole queue.
class SystemTimers final : public Timers {
 public:
  explicit SystemTimers(asio::io_context& io, const Clock& clock) : clock_(clock), alarm_(io) {}

  Id schedule(Instant deadline, Callback callback) override {
    const Id id = queue_.add(deadline, std::move(callback));
    arm();
    return id;
  }
  void cancel(Id id) override { queue_.cancel(id); }

 private:
  using Alarm = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>, Executor>;

  void arm() {
    const auto next = queue_.next_deadline();
    if (!next || (armed_for_ && *armed_for_ <= *next)) return;
    armed_for_ = next;
    alarm_.expires_at(std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(next->time_since_epoch())));
    alarm_.async_wait([this](boost::system::error_code error) {
      if (!error) fire();
    });
  }
  void fire() {
    armed_for_.reset();
    while (auto callback = queue_.pop_due(clock_.now())) (*callback)();
    arm();
  }

  const Clock& clock_;
  Alarm alarm_;
  TimerQueue queue_;
  std::optional<Instant> armed_for_;
};

class PoolWorkers final : public Workers {
 public:
  PoolWorkers(asio::io_context& io, unsigned threads) : io_(io), pool_(threads) {}
  ~PoolWorkers() override { pool_.join(); }

  void submit(Work work, Work done) override {
    asio::post(pool_, [this, work = std::move(work), done = std::move(done),
                       guard = asio::make_work_guard(io_)]() mutable {
      work();
      asio::post(io_, std::move(done));
    });
  }

 private:
  asio::io_context& io_;
  asio::thread_pool pool_;
};

constexpr const char* level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "?";
}

}  // namespace

struct SystemRuntime::Parts {
  Parts(Log& l, unsigned threads) : log(l), io(1), timers(io, clock), workers(io, threads) {}
  Log& log;
  SystemClock clock;
  SystemRandom random;
  asio::io_context io;
  SystemTimers timers;
  PoolWorkers workers;
};

SystemRuntime::SystemRuntime(Log& log, unsigned worker_threads)
    : parts_(std::make_unique<Parts>(log, worker_threads)) {}

SystemRuntime::~SystemRuntime() = default;

Env SystemRuntime::env() {
  return {
      parts_->io.get_executor(), parts_->clock, parts_->timers, parts_->random, parts_->log, parts_->workers};
}

asio::io_context& SystemRuntime::io() noexcept { return parts_->io; }

void SystemRuntime::run() {
  parts_->io.restart();
  parts_->io.run();
}

void SystemRuntime::stop() { parts_->io.stop(); }

void SystemRuntime::run(Task<> task) {
  std::exception_ptr failure;
  asio::co_spawn(parts_->io, std::move(task), [&](std::exception_ptr error) {
    failure = std::move(error);
    parts_->io.stop();
  });
  run();
  if (failure) std::rethrow_exception(failure);
}

void StderrLog::write(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> stamp{};
  std::strftime(stamp.data(), stamp.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string line = format_log_line(event, fields);
  std::fprintf(stderr, "%s.%03dZ %s %s\n", stamp.data(), static_cast<int>(millis), level_name(level),
               line.c_str());
}

}  // namespace libp2p
