#include "libp2p/base/virtual_runtime.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <list>

namespace libp2p {
namespace {

constexpr WallTime wall_start{std::chrono::sys_days{std::chrono::year(2026) / 1 / 1}};

struct VirtualTime {
  Instant now{};
};

class VirtualClock final : public Clock {
 public:
  VirtualClock(const VirtualTime& time, std::chrono::milliseconds offset) : time_(time), offset_(offset) {}
  [[nodiscard]] Instant now() const override { return time_.now; }
  [[nodiscard]] WallTime wall() const override {
    return wall_start + offset_ +
           std::chrono::duration_cast<std::chrono::milliseconds>(time_.now.time_since_epoch());
  }

 private:
  const VirtualTime& time_;
  std::chrono::milliseconds offset_;
};

class VirtualTimers final : public Timers {
 public:
  Id schedule(Instant deadline, Callback callback) override {
    return queue.add(deadline, std::move(callback));
  }
  void cancel(Id id) override { queue.cancel(id); }
  TimerQueue queue;
};

class InlineWorkers final : public Workers {
 public:
  explicit InlineWorkers(asio::io_context& io) : io_(io) {}
  void submit(Work work, Work done) override {
    asio::post(io_, [work = std::move(work), done = std::move(done)]() mutable {
      work();
      done();
    });
  }

 private:
  asio::io_context& io_;
};

NullLog quiet;

}  // namespace

struct VirtualRuntime::Parts {
  Parts(std::uint64_t seed, Log& l) : log(l), random(seed), clock(time, {}), io(1), workers(io) {}
  Log& log;
  VirtualTime time;
  SeededRandom random;
  VirtualClock clock;
  std::list<VirtualClock> wrong_clocks;
  // The queue outlives the loop: coroutines destroyed with the loop cancel their timers.
  VirtualTimers timers;
  asio::io_context io;
  InlineWorkers workers;

  void poll() {
    io.restart();
    while (io.poll() > 0) {
    }
  }
  bool step(Instant end) {
    const auto next = timers.queue.next_deadline();
    if (!next || *next > end) return false;
    time.now = std::max(time.now, *next);
    while (auto callback = timers.queue.pop_due(time.now)) {
      (*callback)();
      poll();
    }
    return true;
  }
};

VirtualRuntime::VirtualRuntime(std::uint64_t seed, Log& log) : parts_(std::make_unique<Parts>(seed, log)) {}
VirtualRuntime::VirtualRuntime(std::uint64_t seed) : VirtualRuntime(seed, quiet) {}
VirtualRuntime::~VirtualRuntime() = default;

Env VirtualRuntime::env() {
  return {
      parts_->io.get_executor(), parts_->clock, parts_->timers, parts_->random, parts_->log, parts_->workers};
}

Env VirtualRuntime::env_with_wall_offset(std::chrono::milliseconds offset) {
  parts_->wrong_clocks.emplace_back(parts_->time, offset);
  return {parts_->io.get_executor(),
          parts_->wrong_clocks.back(),
          parts_->timers,
          parts_->random,
          parts_->log,
          parts_->workers};
}

Instant VirtualRuntime::now() const { return parts_->time.now; }

void VirtualRuntime::run_ready() { parts_->poll(); }

void VirtualRuntime::run_for(Duration duration) {
  const Instant end = parts_->time.now + duration;
  parts_->poll();
  while (parts_->step(end)) {
  }
  parts_->time.now = end;
}

void VirtualRuntime::run(Task<> task, Duration limit) {
  const Instant end = parts_->time.now + limit;
  bool done = false;
  std::exception_ptr failure;
  asio::co_spawn(parts_->io, std::move(task), [&](std::exception_ptr error) {
    failure = std::move(error);
    done = true;
  });
  parts_->poll();
  while (!done && parts_->step(end)) {
  }
  if (!done) {
    std::fprintf(
        stderr, "VirtualRuntime: the task has not ended after %lld ms of virtual time\n",
        static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count()));
    std::abort();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace libp2p
