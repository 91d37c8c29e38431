#include "libp2p/yamux/window.hpp"

#include <algorithm>
#include <limits>

namespace libp2p::yamux {

bool Budget::try_take(std::size_t bytes) noexcept {
  if (taken_ > total_ || total_ - taken_ < bytes) return false;
  taken_ += bytes;
  return true;
}

void Budget::give_back(std::size_t bytes) noexcept { taken_ -= std::min(bytes, taken_); }

bool SendWindow::grow(std::uint32_t bytes) noexcept {
  if (std::numeric_limits<std::uint32_t>::max() - available_ < bytes) return false;
  available_ += bytes;
  return true;
}

ReceiveWindow::ReceiveWindow(Budget& budget, std::uint32_t max_bytes, Instant now) noexcept
    : max_(std::max(max_bytes, initial_window_bytes)), last_update_(now) {
  budget.take(size_);
}

std::int64_t ReceiveWindow::missing(std::size_t unread) const noexcept {
  return std::int64_t{size_} - credit_ - static_cast<std::int64_t>(unread);
}

bool ReceiveWindow::update_due(std::size_t unread) const noexcept { return missing(unread) >= size_ / 2; }

std::uint32_t ReceiveWindow::update(std::size_t unread, Instant now, std::optional<Duration> rtt,
                                    Budget& budget) noexcept {
  if (budget.overdrawn()) {
    const std::uint32_t smaller = std::max(size_ / 2, initial_window_bytes);
    budget.give_back(size_ - smaller);
    size_ = smaller;
  } else if (rtt && now - last_update_ < 4 * *rtt) {
    const std::uint32_t larger = size_ > max_ / 2 ? max_ : size_ * 2;
    if (budget.try_take(larger - size_)) size_ = larger;
  }
  last_update_ = now;
  const auto delta = static_cast<std::uint32_t>(std::max<std::int64_t>(missing(unread), 0));
  credit_ += delta;
  return delta;
}

void ReceiveWindow::release(Budget& budget) noexcept {
  budget.give_back(size_);
  size_ = 0;
}

}  // namespace libp2p::yamux
