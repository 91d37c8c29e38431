// Every wait has a deadline; these are the two ways to set one.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/base/uncancelled.hpp"

namespace libp2p {

// Calls `on_expiry` (typically stream.reset()) unless destroyed first. Costs one map entry, no coroutine.
class DeadlineGuard {
 public:
  DeadlineGuard(Env env, Duration after, Timers::Callback on_expiry)
      : timers_(env.timers), id_(env.timers.schedule(env.now() + after, std::move(on_expiry))) {}
  DeadlineGuard(const DeadlineGuard&) = delete;
  DeadlineGuard& operator=(const DeadlineGuard&) = delete;
  ~DeadlineGuard() { timers_.cancel(id_); }

 private:
  Timers& timers_;
  Timers::Id id_;
};

namespace detail {

template <class T>
struct TimedCall {
  explicit TimedCall(Executor executor) : done(executor) {}
  Notifier done;
  asio::cancellation_signal cancel;
  bool finished = false;
  std::optional<Result<T>> result;
  std::exception_ptr error;
};

template <class T>
Task<> run_timed(Task<Result<T>> task, TimedCall<T>& call) {
  call.result.emplace(co_await std::move(task));
}

}  // namespace detail

// Runs `task`; past `after` it is cancelled, joined, and the result is an Errc::timeout that names `what`.
// Cancelling the caller cancels the task, too.
template <class T>
Task<Result<T>> with_timeout(Env env, Duration after, std::string what, Task<Result<T>> task) {
  detail::TimedCall<T> call(env.executor);
  const Instant deadline = env.now() + after;
  asio::co_spawn(env.executor, detail::run_timed<T>(std::move(task), call),
                 asio::bind_cancellation_slot(call.cancel.slot(), [&call](std::exception_ptr error) {
                   call.finished = true;
                   call.error = std::move(error);
                   call.done.notify_all();
                 }));
  std::exception_ptr interrupted;
  try {
    while (!call.finished && co_await call.done.wait_until(env, deadline)) {
    }
  } catch (...) {
    interrupted = std::current_exception();
  }
  // The task refers to this frame: whatever happened, it is joined before the frame goes.
  const bool expired = !call.finished;
  if (expired) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const UncancelledSection section = co_await begin_uncancelled();
    call.cancel.emit(asio::cancellation_type::terminal);
    while (!call.finished) co_await call.done.wait();
    co_await end_uncancelled(section);
  }
  if (interrupted) std::rethrow_exception(interrupted);
  if (call.result) co_return std::move(*call.result);
  if (expired) co_return fail(Errc::timeout, std::move(what));
  std::rethrow_exception(call.error);
}

}  // namespace libp2p
