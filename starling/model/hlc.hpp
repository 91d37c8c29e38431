// The hybrid logical clock of a record: milliseconds of civil time, then a counter (rule L7).
#pragma once

#include <compare>
#include <cstdint>

#include "libp2p/base/clock.hpp"

namespace starling {

// 48 bits of milliseconds since 1970 and a 16-bit counter, so that the order of the numbers is the order of
// time.
struct Hlc {
  std::uint64_t value = 0;

  [[nodiscard]] static constexpr Hlc at(libp2p::WallTime wall) noexcept {
    const auto ms = wall.time_since_epoch().count();
    return {static_cast<std::uint64_t>(ms < 0 ? 0 : ms) << 16};
  }
  [[nodiscard]] constexpr libp2p::WallTime wall() const noexcept {
    return libp2p::WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(value >> 16)));
  }
  // The earliest clock that is both at or after `wall` and after `seen`.
  [[nodiscard]] static constexpr Hlc after(Hlc seen, libp2p::WallTime wall) noexcept {
    const Hlc now = at(wall);
    return now.value > seen.value ? now : Hlc{seen.value + 1};
  }
  friend constexpr auto operator<=>(Hlc, Hlc) = default;
};

}  // namespace starling
