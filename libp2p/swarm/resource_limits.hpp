// What a swarm gives away of the machine, in one table. Each limit has a key, by which it is configured and
// by which a refusal names it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libp2p/base/result.hpp"

namespace libp2p {

struct ResourceLimits {
  std::size_t connections = 512;
  std::size_t inbound_connections = 448;
  std::size_t outbound_connections = 448;
  std::size_t connections_per_peer = 4;
  // Inbound ones whose handshake is not done, and, counted apart, inbound ones of peers that nobody protects.
  std::size_t connections_per_ipv4 = 8;
  std::size_t connections_per_ipv6_56 = 8;
  std::size_t connections_per_ipv6_48 = 64;
  std::size_t exempt_loopback = 1;  // 0: the three above hold for loopback, too
  std::size_t upgrading = 64;       // inbound, handshake not done

  std::size_t streams = 16'384;
  std::size_t streams_per_peer = 2'048;
  std::size_t streams_per_connection = 1'000;  // that the other side opened
  std::size_t streams_per_protocol = 8'192;

  std::size_t memory = 256UZ << 20;           // bytes, as those below
  std::size_t memory_reserved = 128UZ << 20;  // of it, for peers that somebody protects
  // Of the rest, and at most half of that, for handshakes and peers that are not admitted fully.
  std::size_t memory_unauthenticated = 32UZ << 20;
  std::size_t memory_per_peer = 48UZ << 20;
  std::size_t memory_per_connection = 32UZ << 20;  // a stream's share is YamuxConfig::max_window_bytes
};

enum class Limit : std::uint8_t {
  connections,
  inbound_connections,
  outbound_connections,
  connections_per_peer,
  connections_per_ipv4,
  connections_per_ipv6_56,
  connections_per_ipv6_48,
  exempt_loopback,
  upgrading,
  streams,
  streams_per_peer,
  streams_per_connection,
  streams_per_protocol,
  memory,
  memory_reserved,
  memory_unauthenticated,
  memory_per_peer,
  memory_per_connection,
};

struct LimitInfo {
  std::size_t ResourceLimits::* value;
  std::string_view key;
  std::string_view of;  // what it bounds, in words
};
// In the order of Limit.
inline constexpr std::array limit_table{
    LimitInfo{&ResourceLimits::connections, "limits.connections", "connections"},
    LimitInfo{&ResourceLimits::inbound_connections, "limits.inbound_connections", "inbound connections"},
    LimitInfo{&ResourceLimits::outbound_connections, "limits.outbound_connections", "outbound connections"},
    LimitInfo{&ResourceLimits::connections_per_peer, "limits.connections_per_peer",
              "connections with one peer"},
    LimitInfo{&ResourceLimits::connections_per_ipv4, "limits.connections_per_ipv4",
              "connections from one IPv4 address"},
    LimitInfo{&ResourceLimits::connections_per_ipv6_56, "limits.connections_per_ipv6_56",
              "connections from one IPv6 /56"},
    LimitInfo{&ResourceLimits::connections_per_ipv6_48, "limits.connections_per_ipv6_48",
              "connections from one IPv6 /48"},
    LimitInfo{&ResourceLimits::exempt_loopback, "limits.exempt_loopback",
              "whether loopback is exempt from those"},
    LimitInfo{&ResourceLimits::upgrading, "limits.upgrading", "connections in their handshake"},
    LimitInfo{&ResourceLimits::streams, "limits.streams", "streams"},
    LimitInfo{&ResourceLimits::streams_per_peer, "limits.streams_per_peer", "streams with one peer"},
    LimitInfo{&ResourceLimits::streams_per_connection, "limits.streams_per_connection",
              "inbound streams of one connection"},
    LimitInfo{&ResourceLimits::streams_per_protocol, "limits.streams_per_protocol",
              "streams of one protocol"},
    LimitInfo{&ResourceLimits::memory, "limits.memory", "bytes held for connections"},
    LimitInfo{&ResourceLimits::memory_reserved, "limits.memory_reserved",
              "bytes kept for peers that are protected"},
    LimitInfo{&ResourceLimits::memory_unauthenticated, "limits.memory_unauthenticated",
              "bytes held for peers that are not admitted"},
    LimitInfo{&ResourceLimits::memory_per_peer, "limits.memory_per_peer", "bytes held for one peer"},
    LimitInfo{&ResourceLimits::memory_per_connection, "limits.memory_per_connection",
              "bytes held for one connection"},
};

[[nodiscard]] constexpr const LimitInfo& limit_info(Limit limit) {
  return limit_table[static_cast<std::size_t>(limit)];
}
// "limit reached: 512 connections (limits.connections)".
[[nodiscard]] Error limit_error(const ResourceLimits& limits, Limit limit);
// For a configuration. Errors: not_found (no such key; the message lists them).
[[nodiscard]] Result<> set_limit(ResourceLimits& limits, std::string_view key, std::size_t value);

}  // namespace libp2p
