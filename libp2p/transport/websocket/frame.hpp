// The frames of WebSocket (RFC 6455, section 5): their form, and how they are written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "libp2p/base/bytes.hpp"

namespace libp2p::websocket {

enum class Role : std::uint8_t { client, server };

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

// Those of section 7.4.1 that we send.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  protocol_error = 1002,
  unsupported_data = 1003,
  invalid_payload = 1007,
  policy_violation = 1008,
  too_big = 1009,
};

using MaskKey = std::array<std::uint8_t, 4>;

inline constexpr std::size_t max_header_size = 14;
inline constexpr std::size_t max_control_payload = 125;

// Of a whole message in one frame.
[[nodiscard]] std::size_t header_size(std::size_t payload_size, bool masked) noexcept;
[[nodiscard]] inline std::size_t frame_size(std::size_t payload_size, bool masked) noexcept {
  return header_size(payload_size, masked) + payload_size;
}

// Writes a frame that is a whole message; `out` has frame_size() bytes and doesn't overlap `payload`. A
// client masks, with a key that nobody could foresee; a server doesn't.
void write_frame(Opcode opcode, BytesView payload, const std::optional<MaskKey>& key,
                 std::uint8_t* out) noexcept;

// Copies `size` bytes from `from` to `to`, masked by `key` (section 5.3): the first of them is the byte
// number `offset` of the payload. The two may overlap where `to` comes first.
void copy_masked(const std::uint8_t* from, std::uint8_t* to, std::size_t size, const MaskKey& key,
                 std::uint64_t offset) noexcept;

}  // namespace libp2p::websocket
