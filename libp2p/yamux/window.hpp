// Flow control of one stream (yamux/README.md, Flow Control), and what bounds it for the whole session. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libp2p/base/clock.hpp"
#include "libp2p/io/limits.hpp"
#include "libp2p/yamux/frame.hpp"

namespace libp2p::yamux {

// What a session may hold: receive windows, which are promises, and the unread bytes of all its streams.
//
// The first 256 KiB of each window are the protocol's gift and are counted without asking; growth asks. Where
// the session shares memory with others, it has as much of that as its windows have grown by, or as is unread
// if that is more, beyond what every connection has anyway.
class Budget {
 public:
  explicit Budget(std::size_t total_bytes) noexcept : total_(total_bytes) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;
  ~Budget();
  // Before anything is taken.
  void draw_from(std::shared_ptr<MemoryBudget> memory) noexcept { memory_ = std::move(memory); }

  void take(std::size_t bytes) noexcept { taken_ += bytes; }
  [[nodiscard]] bool try_take(std::size_t bytes) noexcept;
  void give_back(std::size_t gift, std::size_t grown) noexcept;
  [[nodiscard]] bool overdrawn() const noexcept { return taken_ > total_; }
  [[nodiscard]] std::size_t taken() const noexcept { return taken_; }

  // How many of `more` bytes may wait beside `unread` ones; they count from now on.
  [[nodiscard]] std::size_t admit(std::size_t unread, std::size_t more) noexcept;
  // Some have been read: so many are left.
  void settle(std::size_t unread) noexcept;
  // The last admit() met the limits of the shared memory.
  [[nodiscard]] bool refused() const noexcept { return refused_; }
  // Why admit() admitted nothing when it last did so.
  [[nodiscard]] std::string why_full() const;

 private:
  [[nodiscard]] std::size_t needed(std::size_t grown, std::size_t unread) const noexcept;
  [[nodiscard]] bool cover(std::size_t bytes) noexcept;
  void uncover() noexcept;

  std::size_t total_;
  std::size_t taken_ = 0;
  std::size_t grown_ = 0;  // of what is taken, beyond gifts
  std::size_t unread_ = 0;
  std::shared_ptr<MemoryBudget> memory_;  // null: not shared
  std::size_t drawn_ = 0;                 // from it
  bool refused_ = false;                  // by it
};

// What the other side lets us send.
class SendWindow {
 public:
  [[nodiscard]] std::uint32_t available() const noexcept { return available_; }
  // `bytes` must be available.
  void spend(std::uint32_t bytes) noexcept { available_ -= bytes; }
  // False when the sum leaves 32 bits: no honest receiver gets there.
  [[nodiscard]] bool grow(std::uint32_t bytes) noexcept;

 private:
  std::uint32_t available_ = initial_window_bytes;
};

// What we let the other side send. The window doubles when half of it was used up within four round trips, so
// that it ends at a few times what the path holds; it grows only with what the budget grants, and halves when
// streams that came later have overdrawn the budget.
class ReceiveWindow {
 public:
  // `budget` is not kept: the same one must be given to update() and release().
  ReceiveWindow(Budget& budget, std::uint32_t max_bytes, Instant now) noexcept;

  // Whether a frame with so much payload keeps to what was allowed.
  [[nodiscard]] bool allows(std::uint32_t bytes) const noexcept { return bytes <= credit_; }
  // Counts payload of such a frame as it arrives, so that what is still on its way is never taken for read.
  void spend(std::uint32_t bytes) noexcept { credit_ -= bytes; }
  // Whether enough has been read to be worth an update; `unread` is what arrived and was not read.
  [[nodiscard]] bool update_due(std::size_t unread) const noexcept;
  // What to announce now, at least 0. `rtt` is absent until it has been measured: then nothing grows.
  [[nodiscard]] std::uint32_t update(std::size_t unread, Instant now, std::optional<Duration> rtt,
                                     Budget& budget) noexcept;
  void release(Budget& budget) noexcept;

  // What the other side may still send.
  [[nodiscard]] std::uint32_t credit() const noexcept { return credit_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

 private:
  [[nodiscard]] std::int64_t missing(std::size_t unread) const noexcept;

  std::uint32_t max_;
  std::uint32_t size_ = initial_window_bytes;
  std::uint32_t credit_ = initial_window_bytes;
  Instant last_update_;
};

}  // namespace libp2p::yamux
