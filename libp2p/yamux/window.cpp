#include "libp2p/yamux/window.hpp"

#include <algorithm>
#include <limits>

namespace libp2p::yamux {
namespace {

// What a connection has without drawing it.
constexpr std::size_t undrawn_bytes = 64U << 10;
// Memory is drawn in steps, and kept until so much of it is to spare: a stream that is read as it arrives
// then asks once.
constexpr std::size_t draw_step_bytes = 16U << 10;
constexpr std::size_t spare_bytes = 64U << 10;

}  // namespace

Budget::~Budget() {
  if (drawn_ > 0) memory_->give_back(drawn_);
}

bool Budget::try_take(std::size_t bytes) noexcept {
  if (taken_ > total_ || total_ - taken_ < bytes) return false;
  if (!cover(needed(grown_ + bytes, unread_))) return false;
  taken_ += bytes;
  grown_ += bytes;
  return true;
}

void Budget::give_back(std::size_t gift, std::size_t grown) noexcept {
  taken_ -= std::min(gift + grown, taken_);
  grown_ -= std::min(grown, grown_);
  uncover();
}

std::size_t Budget::admit(std::size_t unread, std::size_t more) noexcept {
  more = std::min(more, total_ - std::min(unread, total_));
  refused_ = false;
  while (more > 0 && !cover(needed(grown_, unread + more))) {
    refused_ = true;
    more /= 2;
  }
  unread_ = unread + more;
  return more;
}

void Budget::settle(std::size_t unread) noexcept {
  unread_ = unread;
  uncover();
}

std::string Budget::why_full() const {
  return refused_ ? memory_->refusal().to_string() : "too much waited unread on this connection";
}

std::size_t Budget::needed(std::size_t grown, std::size_t unread) const noexcept {
  const std::size_t held = std::max(grown, unread);
  return memory_ == nullptr || held <= undrawn_bytes ? 0 : held - undrawn_bytes;
}

bool Budget::cover(std::size_t bytes) noexcept {
  if (bytes <= drawn_) return true;
  const std::size_t exact = bytes - drawn_;
  const std::size_t rounded = (exact + draw_step_bytes - 1) / draw_step_bytes * draw_step_bytes;
  for (const std::size_t asked : {rounded, exact}) {
    if (!memory_->try_take(asked)) continue;
    drawn_ += asked;
    return true;
  }
  return false;
}

void Budget::uncover() noexcept {
  const std::size_t needed_now = needed(grown_, unread_);
  if (drawn_ <= needed_now + (needed_now == 0 ? 0 : spare_bytes)) return;
  memory_->give_back(drawn_ - needed_now);
  drawn_ = needed_now;
}

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
    budget.give_back(0, size_ - smaller);
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
  const std::uint32_t gift = std::min(size_, initial_window_bytes);
  budget.give_back(gift, size_ - gift);
  size_ = 0;
}

}  // namespace libp2p::yamux
