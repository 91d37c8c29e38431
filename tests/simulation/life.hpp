// One seed's life of a fleet: it writes, and much goes wrong; then comes calm, and what must hold is checked.
#pragma once

#include <string>

#include "libp2p/base/log.hpp"
#include "libp2p/crypto/hash.hpp"

namespace starling::sim {

struct Life {
  libp2p::Sha256Digest trace{};
  std::string broken;  // empty: all invariants hold
  std::string faults;  // the kinds that this seed has drawn
  std::size_t records = 0;
  std::size_t evaluations = 0;
};

// What its nodes log goes to `log`, if there is one.
[[nodiscard]] Life live(std::uint64_t seed, libp2p::Log* log = nullptr);

}  // namespace starling::sim
