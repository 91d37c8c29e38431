// What one connection holds of memory that many share. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "libp2p/io/limits.hpp"

namespace libp2p::quic {

// It draws in steps, and keeps a little more than it needs, so that the budget isn't asked for each datagram.
class MemoryShare {
 public:
  MemoryShare() = default;
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;
  ~MemoryShare();

  // Once, before anything is covered. Without it there is no limit.
  void draw_from(std::shared_ptr<MemoryBudget> budget) noexcept { budget_ = std::move(budget); }
  // Whether it has `bytes` in all now; false: as much as before.
  [[nodiscard]] bool cover(std::size_t bytes) noexcept;
  // So many are all that it needs.
  void settle(std::size_t bytes) noexcept;
  [[nodiscard]] MemoryBudget* budget() const noexcept { return budget_.get(); }
  [[nodiscard]] std::size_t drawn() const noexcept { return drawn_; }

 private:
  std::shared_ptr<MemoryBudget> budget_;
  std::size_t drawn_ = 0;
};

}  // namespace libp2p::quic
