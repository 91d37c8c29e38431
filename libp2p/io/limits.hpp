// What a connection may hold in memory, where others draw from the same.
#pragma once

#include <cstddef>

#include "libp2p/base/result.hpp"

namespace libp2p {

// Who gives it out knows what everybody else holds.
class MemoryBudget {
 public:
  virtual ~MemoryBudget() = default;
  // False when so much isn't to be had now; then nothing is taken.
  [[nodiscard]] virtual bool try_take(std::size_t bytes) noexcept = 0;
  virtual void give_back(std::size_t bytes) noexcept = 0;
  // Which limit stood in the way when try_take() last failed.
  [[nodiscard]] virtual Error refusal() const = 0;
};

}  // namespace libp2p
