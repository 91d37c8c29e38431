// The bounds of QUIC connections, in one table.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "libp2p/base/clock.hpp"

namespace libp2p {

struct QuicConfig {
  Duration handshake_timeout = std::chrono::seconds(10);
  // With these two a connection that died is noticed within their sum.
  Duration idle_timeout = std::chrono::seconds(10);
  Duration keep_alive = std::chrono::seconds(4);
  // A connection ends whose other side acknowledges nothing for so long, of what was sent or of what streams
  // still deliver that nobody has here.
  Duration write_timeout = std::chrono::seconds(10);
  // How long a closed connection may go on sending what had been taken over for sending.
  Duration linger = std::chrono::milliseconds(500);

  // How far a stream's, and the whole connection's, receive window may grow, and where they begin. They grow
  // only as fast as the application reads.
  std::uint64_t initial_window_bytes = 256U << 10;
  std::uint64_t max_window_bytes = 16U << 20;
  std::uint64_t initial_connection_window_bytes = 1U << 20;
  std::uint64_t max_connection_window_bytes = 32U << 20;
  // Streams of the other side that may be alive at a time.
  std::uint64_t max_inbound_streams = 128;

  // What may wait to be sent or acknowledged, of one stream and of all; write() waits beyond that, and
  // where the memory that connections share is used up.
  std::size_t max_send_buffer_bytes = 4U << 20;
  std::size_t max_send_buffers_bytes = 16U << 20;

  // Inbound handshakes under way: from the first number on, in all or of one network (an address of IPv4, a
  // /56 of IPv6), an address must prove itself by a Retry before anything is kept for it; from the last on,
  // nobody new is heard. The second is far below the connections that a network may have, so that forged
  // senders can't take the places of the network that they name.
  std::size_t retry_above_half_open = 64;
  std::size_t retry_above_half_open_of_network = 2;
  std::size_t max_half_open = 256;
  Duration retry_token_lifetime = std::chrono::seconds(10);
  // Answers of each kind in any second for which nothing is kept: version negotiation, the refusal of a
  // token, stateless resets.
  std::size_t max_stateless_answers = 1000;

  // Changes of the other side's address in any minute; what comes from yet another is not heard.
  std::size_t max_migrations_per_minute = 4;

  std::size_t socket_buffer_bytes = 4U << 20;
};

}  // namespace libp2p
