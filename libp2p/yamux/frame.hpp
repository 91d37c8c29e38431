// The 12-byte header of a Yamux frame (yamux/README.md, Framing). All fields are big-endian.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p::yamux {

using StreamId = std::uint32_t;  // 0 stands for the session

inline constexpr std::size_t header_size = 12;
// What each side may send on a new stream before it hears of more. It counts payload, never headers.
inline constexpr std::uint32_t initial_window_bytes = 256 * 1024;

enum class FrameType : std::uint8_t { data = 0, window_update = 1, ping = 2, go_away = 3 };

enum class GoAwayCode : std::uint32_t { normal = 0, protocol_error = 1, internal_error = 2 };

// A set of flags; bits that the specification doesn't name are not kept.
class Flags {
 public:
  constexpr Flags() = default;
  static constexpr Flags from_wire(std::uint16_t bits) { return Flags(bits & 0xFU); }
  [[nodiscard]] constexpr bool syn() const { return (bits_ & 1U) != 0; }
  [[nodiscard]] constexpr bool ack() const { return (bits_ & 2U) != 0; }
  [[nodiscard]] constexpr bool fin() const { return (bits_ & 4U) != 0; }
  [[nodiscard]] constexpr bool rst() const { return (bits_ & 8U) != 0; }
  [[nodiscard]] constexpr bool none() const { return bits_ == 0; }
  [[nodiscard]] constexpr std::uint16_t to_wire() const { return bits_; }
  friend constexpr Flags operator|(Flags a, Flags b) {
    return Flags(static_cast<unsigned>(a.bits_ | b.bits_));
  }
  friend constexpr bool operator==(Flags, Flags) = default;

 private:
  explicit constexpr Flags(unsigned bits) : bits_(static_cast<std::uint8_t>(bits)) {}
  std::uint8_t bits_ = 0;
};

inline constexpr Flags syn_flag = Flags::from_wire(1);
inline constexpr Flags ack_flag = Flags::from_wire(2);
inline constexpr Flags fin_flag = Flags::from_wire(4);
inline constexpr Flags rst_flag = Flags::from_wire(8);

struct Header {
  FrameType type{};
  Flags flags{};
  StreamId stream{};
  // data: payload bytes that follow; window_update: bytes to add to the window (with RST: a reason, to be
  // ignored); ping: an opaque value; go_away: a GoAwayCode, or a number of the other side's own.
  std::uint32_t length{};

  friend bool operator==(const Header&, const Header&) = default;
};

using HeaderBytes = std::array<std::uint8_t, header_size>;

[[nodiscard]] HeaderBytes encode(const Header& header) noexcept;

// What it gives holds: data and window updates name a stream, pings and go aways don't; SYN stands with
// neither ACK nor RST. Errors: protocol (another version, an unknown type, one of these rules).
[[nodiscard]] Result<Header> decode_header(std::span<const std::uint8_t, header_size> in);

}  // namespace libp2p::yamux
