// Pings of ours and what they measured. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "libp2p/base/clock.hpp"

namespace libp2p::yamux {

// At most one ping is under way: the other side counts them too.
class RoundTrip {
 public:
  [[nodiscard]] bool under_way() const noexcept { return state_ != State::idle; }
  [[nodiscard]] bool due() const noexcept { return state_ == State::due; }
  void request() noexcept {
    if (state_ == State::idle) state_ = State::due;
  }
  // The value to send. Time runs from here, where the ping enters a batch.
  [[nodiscard]] std::uint32_t send(Instant now) noexcept {
    state_ = State::sent;
    sent_at_ = now;
    return ++value_;
  }
  // False for an answer that nobody asked for.
  [[nodiscard]] bool answer(std::uint32_t value, Instant now) noexcept {
    if (state_ != State::sent || value != value_) return false;
    state_ = State::idle;
    latest_ = now - sent_at_;
    samples_[answers_++ % samples_.size()] = latest_;
    return true;
  }
  [[nodiscard]] std::uint64_t answers() const noexcept { return answers_; }
  [[nodiscard]] Duration latest() const noexcept { return latest_; }
  // The least of the last few: what the path takes, without what waited in queues.
  [[nodiscard]] std::optional<Duration> least() const noexcept {
    const std::size_t count = std::min<std::size_t>(answers_, samples_.size());
    if (count == 0) return std::nullopt;
    return *std::min_element(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(count));
  }

 private:
  enum class State : std::uint8_t { idle, due, sent };
  State state_ = State::idle;
  std::uint32_t value_ = 0;
  Instant sent_at_{};
  Duration latest_{};
  std::uint64_t answers_ = 0;
  std::array<Duration, 8> samples_{};
};

}  // namespace libp2p::yamux
