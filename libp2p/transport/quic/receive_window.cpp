#include "libp2p/transport/quic/receive_window.hpp"

#include <algorithm>
#include <utility>

namespace libp2p::quic {

ReceiveWindow::ReceiveWindow(std::uint64_t initial_bytes, std::uint64_t max_bytes, Instant now) noexcept
    : initial_(initial_bytes),
      size_(initial_bytes),
      max_(std::max(initial_bytes, max_bytes)),
      last_update_(now) {}

std::uint64_t ReceiveWindow::on_read(std::uint64_t bytes, Instant now, std::optional<Duration> rtt,
                                     MemoryBudget* memory) noexcept {
  read_ += bytes;
  if (read_ < size_ / 2) return 0;
  std::uint64_t allowed = std::exchange(read_, 0);
  if (rtt && now - last_update_ < 4 * *rtt) {
    const std::uint64_t larger = size_ > max_ / 2 ? max_ : size_ * 2;
    if (memory == nullptr || memory->try_take(larger - size_)) {
      allowed += larger - size_;
      size_ = larger;
    }
  }
  last_update_ = now;
  return allowed;
}

}  // namespace libp2p::quic
