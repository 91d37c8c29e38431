// Which way of reaching a peer an address names.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

// In the order in which they are preferred: fewer round trips first, others' help last.
enum class TransportKind : std::uint8_t {
  memory,
  quic,
  tcp,
  websocket,
  secure_websocket,
  webtransport,
  webrtc,
  other,
  circuit,
};
inline constexpr std::array transport_kinds{TransportKind::memory,
                                            TransportKind::quic,
                                            TransportKind::tcp,
                                            TransportKind::websocket,
                                            TransportKind::secure_websocket,
                                            TransportKind::webtransport,
                                            TransportKind::webrtc,
                                            TransportKind::other,
                                            TransportKind::circuit};

[[nodiscard]] std::string_view to_string(TransportKind kind) noexcept;
// By the protocols of the address alone; that of a name is that of what it stands for.
[[nodiscard]] TransportKind transport_kind(const Multiaddr& address) noexcept;

}  // namespace libp2p
