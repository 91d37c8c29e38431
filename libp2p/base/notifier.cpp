#include "libp2p/base/notifier.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <memory>

namespace libp2p {

auto Notifier::async_wait_for_notification() {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>, void(boost::system::error_code)>(
      [this](auto handler) {
        const std::uint64_t id = ++next_id_;
        auto slot = asio::get_associated_cancellation_slot(handler);
        waiters_.push_back(
            {id, [executor = executor_, h = std::move(handler)](boost::system::error_code e) mutable {
               asio::post(executor, [h = std::move(h), e]() mutable { std::move(h)(e); });
             }});
        if (slot.is_connected()) {
          slot.assign([this, id](asio::cancellation_type type) {
            if (type != asio::cancellation_type::none) finish(id, asio::error::operation_aborted);
          });
        }
      },
      use_task);
}

void Notifier::finish(std::uint64_t id, boost::system::error_code error) {
  for (auto it = waiters_.begin(); it != waiters_.end(); ++it) {
    if (it->id != id) continue;
    Waiter waiter = std::move(it->waiter);
    waiters_.erase(it);
    waiter(error);
    return;
  }
}

Task<> Notifier::wait() { co_await async_wait_for_notification(); }

Task<bool> Notifier::wait_until(Env env, Instant deadline) {
  if (env.now() >= deadline) co_return false;
  const std::uint64_t id = next_id_ + 1;  // what async_wait_for_notification is about to take
  // Cancelled with this frame, so the timer can fire neither after it nor after the notifier.
  struct Alarm {
    Timers& timers;
    Timers::Id id;
    ~Alarm() { timers.cancel(id); }
  };
  bool expired = false;
  const Alarm alarm{env.timers, env.timers.schedule(deadline, [this, id, &expired] {
                      expired = true;
                      finish(id, {});
                    })};
  co_await async_wait_for_notification();
  co_return !expired;
}

void Notifier::notify_one() {
  if (!waiters_.empty()) finish(waiters_.front().id, {});
}

void Notifier::notify_all() {
  std::list<Entry> waiters = std::move(waiters_);
  waiters_.clear();
  for (Entry& entry : waiters) entry.waiter({});
}

Task<> sleep_for(Env env, Duration duration) {
  // A notifier nobody notifies: only the deadline ends the wait.
  Notifier never(env.executor);
  const Instant deadline = env.now() + duration;
  while (co_await never.wait_until(env, deadline)) {
  }
}

Task<> yield_now(Env env) { co_await asio::post(env.executor, use_task); }

}  // namespace libp2p
