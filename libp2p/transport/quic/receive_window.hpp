// How much the other side may send, on one stream or in all (RFC 9000, 4.1). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "libp2p/base/clock.hpp"
#include "libp2p/io/limits.hpp"

namespace libp2p::quic {

// The window doubles when half of it was read within four round trips, so that it ends at a few times what
// the path holds; whoever doesn't read gets no more.
class ReceiveWindow {
 public:
  ReceiveWindow(std::uint64_t initial_bytes, std::uint64_t max_bytes, Instant now) noexcept;

  // Counts what was read, or thrown away unread. What the other side may send beyond what it was allowed
  // until now: 0 until half of the window has been read. `rtt` is absent until it has been measured. It grows
  // by what `memory` grants; null: by as much as it wants.
  [[nodiscard]] std::uint64_t on_read(std::uint64_t bytes, Instant now, std::optional<Duration> rtt,
                                      MemoryBudget* memory = nullptr) noexcept;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // By how much it has grown: what its owner has to give back to the budget.
  [[nodiscard]] std::uint64_t growth() const noexcept { return size_ - initial_; }

 private:
  std::uint64_t initial_;
  std::uint64_t size_;
  std::uint64_t max_;
  std::uint64_t read_ = 0;  // and not allowed again yet
  Instant last_update_;
};

}  // namespace libp2p::quic
