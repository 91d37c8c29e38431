// Flow control of one stream (yamux/README.md, Flow Control), and what bounds it for the whole session. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "libp2p/base/clock.hpp"
#include "libp2p/yamux/frame.hpp"

namespace libp2p::yamux {

// What the receive windows of a session add up to. The first 256 KiB of each are the protocol's gift and are
// counted without asking; only growth asks.
class Budget {
 public:
  explicit Budget(std::size_t total_bytes) noexcept : total_(total_bytes) {}
  void take(std::size_t bytes) noexcept { taken_ += bytes; }
  [[nodiscard]] bool try_take(std::size_t bytes) noexcept;
  void give_back(std::size_t bytes) noexcept;
  [[nodiscard]] bool overdrawn() const noexcept { return taken_ > total_; }
  [[nodiscard]] std::size_t taken() const noexcept { return taken_; }

 private:
  std::size_t total_;
  std::size_t taken_ = 0;
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
