// A queue between coroutines of one thread that makes the producer wait instead of growing.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"

namespace libp2p {

template <class T>
class BoundedQueue {
 public:
  BoundedQueue(Executor executor, std::size_t capacity)
      : capacity_(capacity), not_empty_(executor), not_full_(executor) {}

  // False when full or closed; the value is then still the caller's.
  [[nodiscard]] bool try_push(T&& value) {
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(value));
    not_empty_.notify_one();
    return true;
  }
  // Waits for room. False once closed.
  [[nodiscard]] Task<bool> push(T value) {
    while (!closed_ && items_.size() >= capacity_) co_await not_full_.wait();
    co_return try_push(std::move(value));
  }
  // Waits for an item. Nothing once closed and drained.
  [[nodiscard]] Task<std::optional<T>> pop() {
    while (items_.empty() && !closed_) co_await not_empty_.wait();
    co_return try_pop();
  }
  [[nodiscard]] std::optional<T> try_pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    not_full_.notify_one();
    return item;
  }
  // What is queued can still be popped.
  void close() {
    closed_ = true;
    not_empty_.notify_all();
    not_full_.notify_all();
  }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }

 private:
  std::size_t capacity_;
  bool closed_ = false;
  std::deque<T> items_;
  Notifier not_empty_;
  Notifier not_full_;
};

}  // namespace libp2p
