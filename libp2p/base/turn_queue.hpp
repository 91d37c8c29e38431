// One at a time, in the order of coming.
#pragma once

#include <list>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"

namespace libp2p {

// Outlives every turn. A cancelled waiter leaves the queue.
class TurnQueue {
 public:
  // Held while it is one's turn; ends with its destruction.
  class Turn {
   public:
    Turn(Turn&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)), place_(other.place_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (queue_ != nullptr) queue_->leave(place_);
    }

   private:
    friend class TurnQueue;
    Turn(TurnQueue& queue, std::list<char>::iterator place) noexcept : queue_(&queue), place_(place) {}
    TurnQueue* queue_;
    std::list<char>::iterator place_;
  };

  explicit TurnQueue(Executor executor) : changed_(executor) {}

  [[nodiscard]] Task<Turn> take();
  // How many hold or wait for a turn.
  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }

 private:
  void leave(std::list<char>::iterator place);

  std::list<char> places_;  // the first one's turn it is
  Notifier changed_;
};

}  // namespace libp2p
