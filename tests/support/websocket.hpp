// WebSocket frames as anybody may send them, sound or not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libp2p/transport/websocket/frame.hpp"

namespace libp2p::test {

struct RawFrame {
  std::uint8_t first = 0x82;  // the flags and the opcode: a whole binary message
  Bytes payload{};
  std::optional<websocket::MaskKey> key = websocket::MaskKey{0x37, 0xfa, 0x21, 0x3d};  // as clients have
  std::optional<std::uint64_t> claimed{};  // another length than the payload's, in its eight byte form
  bool longest_form = false;

  [[nodiscard]] Bytes bytes() const {
    const std::uint8_t mask = key ? 0x80 : 0;
    Bytes out{first};
    const std::uint64_t length = claimed.value_or(payload.size());
    if (claimed || longest_form || length > 0xffff) {
      out.push_back(mask | 127);
      for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(length >> shift));
    } else if (length > 125) {
      out.push_back(mask | 126);
      out.push_back(static_cast<std::uint8_t>(length >> 8));
      out.push_back(static_cast<std::uint8_t>(length));
    } else {
      out.push_back(static_cast<std::uint8_t>(mask | length));
    }
    if (key) append(out, *key);
    for (std::size_t i = 0; i < payload.size(); ++i) {
      out.push_back(key ? payload[i] ^ (*key)[i % key->size()] : payload[i]);
    }
    return out;
  }
};

inline constexpr std::uint8_t ws_fin = 0x80;
inline constexpr std::uint8_t ws_continuation = 0x0;
inline constexpr std::uint8_t ws_text = 0x1;
inline constexpr std::uint8_t ws_binary = 0x2;
inline constexpr std::uint8_t ws_close = 0x8;
inline constexpr std::uint8_t ws_ping = 0x9;
inline constexpr std::uint8_t ws_pong = 0xa;

// As a client sends it.
inline Bytes client_frame(std::uint8_t first, Bytes payload = {}) {
  return RawFrame{.first = first, .payload = std::move(payload)}.bytes();
}
inline Bytes server_frame(std::uint8_t first, Bytes payload = {}) {
  return RawFrame{.first = first, .payload = std::move(payload), .key = std::nullopt}.bytes();
}
inline Bytes close_reason(unsigned code, std::string_view reason = {}) {
  Bytes payload{static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code)};
  append(payload, as_bytes(reason));
  return payload;
}

// RFC 6455, section 1.3.
inline constexpr std::string_view ws_example_key = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr std::string_view ws_example_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

inline std::string ws_request(std::string_view more = {}) {
  return "GET / HTTP/1.1\r\nHost: node.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
         std::string(ws_example_key) + "\r\n" + std::string(more) + "\r\n";
}

}  // namespace libp2p::test
