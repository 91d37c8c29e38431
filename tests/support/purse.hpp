// A budget that nobody else draws from.
#pragma once

#include "libp2p/io/limits.hpp"

namespace libp2p::test {

class Purse final : public MemoryBudget {
 public:
  explicit Purse(std::size_t bytes) : left(bytes) {}
  [[nodiscard]] bool try_take(std::size_t bytes) noexcept override {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  }
  void give_back(std::size_t bytes) noexcept override { left += bytes; }
  [[nodiscard]] Error refusal() const override { return {Errc::limit, "empty"}; }
  std::size_t left;
};

}  // namespace libp2p::test
