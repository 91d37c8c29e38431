// One at a time, across suspensions.
#pragma once

#include <utility>

#include "libp2p/base/notifier.hpp"

namespace starling {

class AsyncMutex {
 public:
  explicit AsyncMutex(libp2p::Executor executor) noexcept : released_(executor) {}

  class [[nodiscard]] Lock {
   public:
    Lock(Lock&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock() {
      if (!mutex_) return;
      mutex_->held_ = false;
      mutex_->released_.notify_one();
    }

   private:
    friend class AsyncMutex;
    explicit Lock(AsyncMutex& mutex) noexcept : mutex_(&mutex) { mutex.held_ = true; }
    AsyncMutex* mutex_;
  };

  // In the order of asking.
  libp2p::Task<Lock> lock() {
    while (held_) co_await released_.wait();
    co_return Lock(*this);
  }

 private:
  bool held_ = false;
  libp2p::Notifier released_;
};

}  // namespace starling
