// What is done with a datagram that belongs to no connection (RFC 8999, RFC 9000): nothing is kept for it.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <span>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/clock.hpp"
#include "libp2p/transport/quic/udp_address.hpp"

namespace libp2p::quic {

// Those that we choose all have this length, so that it needn't be told in short headers.
inline constexpr std::size_t own_id_bytes = 8;
// The least that a datagram with an Initial must have, and what the first datagrams of a connection have.
inline constexpr std::size_t smallest_initial_bytes = 1200;

struct ConnectionId {
  static constexpr std::size_t max_bytes = 20;
  ConnectionId() = default;
  // At most max_bytes.
  explicit ConnectionId(BytesView from);
  [[nodiscard]] BytesView view() const noexcept { return BytesView(bytes).first(size); }
  friend auto operator<=>(const ConnectionId&, const ConnectionId&) = default;

  std::uint8_t size = 0;
  std::array<std::uint8_t, max_bytes> bytes{};
};

// The part of a header that all versions of QUIC share.
struct PacketHeader {
  bool long_form = false;
  std::uint32_t version = 0;  // of a long form; 0 is version negotiation
  BytesView destination;  // of the datagram; longer than a ConnectionId only for versions that aren't known
  BytesView source;
};
// Nothing: not QUIC, or too short for its version.
[[nodiscard]] std::optional<PacketHeader> read_header(BytesView datagram);
[[nodiscard]] bool is_our_version(std::uint32_t version) noexcept;

// The first packet of a client.
struct Initial {
  ConnectionId destination;
  ConnectionId source;
  Bytes token;
};
// Nothing: not an Initial of version 1 that may begin a connection.
[[nodiscard]] std::optional<Initial> read_initial(BytesView datagram);

// A secret that only this process knows, or that follows from the identity.
using Secret = std::array<std::uint8_t, 32>;

// The answer that each of these gives is not longer than the datagram it answers; empty, if none is due.
[[nodiscard]] Bytes version_negotiation(const PacketHeader& to, std::uint8_t random);
// `own` is the id that the client is to use now.
[[nodiscard]] Bytes retry(const Initial& to, const Address& remote, const ConnectionId& own,
                          const Secret& secret, Instant now);
// For an Initial with a token that isn't valid: the client would otherwise wait in vain.
[[nodiscard]] Bytes refuse_token(const Initial& to);
[[nodiscard]] Bytes stateless_reset(BytesView datagram, const ConnectionId& destination, const Secret& secret,
                                    BytesView random);

enum class TokenVerdict : std::uint8_t { absent, valid, invalid };
struct CheckedToken {
  TokenVerdict verdict{};
  ConnectionId original;  // what the client had used before the Retry
};
// Tokens that aren't of a Retry count as absent: we give out no others.
[[nodiscard]] CheckedToken check_token(const Initial& initial, const Address& remote, const Secret& secret,
                                       Duration lifetime, Instant now);

}  // namespace libp2p::quic
