// A condition variable for coroutines of one thread.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <functional>
#include <list>

#include "libp2p/base/env.hpp"
#include "libp2p/base/task.hpp"

namespace libp2p {

// Waiters are resumed through the executor, never from inside notify: a notifier can be notified from any
// state. Destroying it wakes all waiters. Cancelling a waiter throws operation_aborted in it, as any Asio
// operation.
class Notifier {
 public:
  explicit Notifier(Executor executor) noexcept : executor_(executor) {}
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier() { notify_all(); }

  // Returns at the next notification. Wrap it in a loop that checks what is waited for.
  [[nodiscard]] Task<> wait();
  // As wait(), but also returns, with false, once `deadline` has come.
  [[nodiscard]] Task<bool> wait_until(Env env, Instant deadline);
  void notify_one();
  void notify_all();

 private:
  using Waiter = std::move_only_function<void(boost::system::error_code)>;
  struct Entry {
    std::uint64_t id;
    Waiter waiter;
  };
  auto async_wait_for_notification();
  void finish(std::uint64_t id, boost::system::error_code error);

  Executor executor_;
  std::list<Entry> waiters_;
  std::uint64_t next_id_ = 0;
};

// Suspends for `duration`; cancellable.
[[nodiscard]] Task<> sleep_for(Env env, Duration duration);
// Lets everything else that is ready run first.
[[nodiscard]] Task<> yield_now(Env env);

}  // namespace libp2p
