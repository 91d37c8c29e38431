// Randomness as a dependency.
#pragma once

#include <cstdint>

#include "libp2p/base/bytes.hpp"

namespace libp2p {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytes out) = 0;

  [[nodiscard]] std::uint64_t u64();
  // Uniform in [0, bound); bound must not be 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  [[nodiscard]] double unit();
  [[nodiscard]] Bytes bytes(std::size_t size);
};

// Repeatable, for simulation and tests only: never for keys that matter.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept : state_(seed) {}
  void fill(MutableBytes out) override;

 private:
  std::uint64_t state_;
};

}  // namespace libp2p
