// A part of a coroutine that must run to its end even while its task is being cancelled: joining what it
// started.
#pragma once

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "libp2p/base/task.hpp"

namespace libp2p {

struct UncancelledSection {
  bool was_cancelled = false;
};

// Until end_uncancelled, cancellation neither reaches nor throws in this task. In a task that is cancelled
// already every co_await of a Task throws, this one too: `co_await
// asio::this_coro::throw_if_cancelled(false)` first, or use with_cleanup.
[[nodiscard]] Task<UncancelledSection> begin_uncancelled();
// Cancellation works again. Throws operation_aborted when the section was begun by a task already cancelled.
[[nodiscard]] Task<> end_uncancelled(UncancelledSection section);

// Runs `work`, then `cleanup`, to its end, however `work` ended: also when the task was cancelled in the
// middle of it. What `work` threw is thrown on. Neither runs when the task was cancelled before.
template <class T>
Task<T> with_cleanup(Task<T> work, Task<> cleanup) {
  std::exception_ptr interrupted;
  std::optional<T> value;
  try {
    value.emplace(co_await std::move(work));
  } catch (...) {
    interrupted = std::current_exception();
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  const UncancelledSection section = co_await begin_uncancelled();
  co_await std::move(cleanup);
  co_await end_uncancelled({section.was_cancelled && !interrupted});
  if (interrupted) std::rethrow_exception(interrupted);
  co_return std::move(*value);
}

}  // namespace libp2p
