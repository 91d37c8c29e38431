#include "libp2p/base/random.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace libp2p {

std::uint64_t Random::u64() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  return load_be<std::uint64_t>(bytes.data());
}

std::uint64_t Random::below(std::uint64_t bound) {
  assert(bound != 0);
  // Draws from the incomplete last span would favour small results: draw again.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t draw = u64();
  while (draw >= limit) draw = u64();
  return draw % bound;
}

double Random::unit() { return static_cast<double>(u64() >> 11) * 0x1.0p-53; }

Bytes Random::bytes(std::size_t size) {
  Bytes out(size);
  fill(out);
  return out;
}

// SplitMix64 (Steele, Lea, Flood 2014): every seed gives a full-period sequence.
void SeededRandom::fill(MutableBytes out) {
  for (std::size_t at = 0; at < out.size(); at += 8) {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    std::array<std::uint8_t, 8> block{};
    store_be(z ^ (z >> 31), block.data());
    const std::size_t size = std::min<std::size_t>(8, out.size() - at);
    std::copy_n(block.begin(), size, out.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

}  // namespace libp2p
