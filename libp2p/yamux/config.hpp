// The bounds of a Yamux session, in one table.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "libp2p/base/clock.hpp"

namespace libp2p {

// Who opened the connection below: the dialer's streams have odd ids, the listener's even ones.
enum class YamuxRole : std::uint8_t { dialer, listener };

struct YamuxConfig {
  // How far a stream's receive window may grow. It begins at 256 KiB, which the protocol fixes; it can't be
  // less.
  std::uint32_t max_window_bytes = 16U << 20;
  // What all receive windows of the session may add up to by growing, and what may wait unread in all of
  // them.
  std::size_t budget_bytes = 32U << 20;
  // How long unread bytes may fill the budget, and hold up the connection, before the streams that hold most
  // are reset.
  Duration unread_timeout = std::chrono::seconds(1);

  // Streams of the other side that may be alive at a time; more are reset.
  std::size_t max_inbound_streams = 1000;
  // Streams of ours that may wait to be acknowledged; open_stream() waits beyond that.
  std::size_t ack_backlog = 256;

  // With these two a connection that died is noticed within their sum.
  Duration ping_interval = std::chrono::seconds(5);
  Duration ping_timeout = std::chrono::seconds(10);
  // How long the connection below may take for one batch.
  Duration write_timeout = std::chrono::seconds(10);
  // How long the end of a session may take: the last batch, the farewell, the other side's end.
  Duration close_timeout = std::chrono::milliseconds(500);

  // Payload of one data frame that is sent, and a stream's share of a turn.
  std::size_t max_chunk_bytes = 64U << 10;
  // What goes into one write to the connection below. On a slow one it shrinks by itself, down to a
  // sixteenth.
  std::size_t max_batch_bytes = 256U << 10;
  // What one read from the connection below may bring. Idle sessions use a page.
  std::size_t max_read_bytes = 256U << 10;

  // Answers (to pings, to refused streams) that may wait to be written; nothing more is read until they are.
  std::size_t max_queued_control = 64;
  // Pings of the other side in any 10 s.
  std::size_t max_pings = 8;
  // Answers to pings that were never sent.
  std::size_t max_stray_pongs = 8;
  // Streams that the other side opens and resets within a second, in any second.
  std::size_t max_rapid_resets = 200;
  // Frames in a row that neither carry nor change anything.
  std::size_t max_empty_frames = 1000;
  // Closed streams that are remembered, to tell frames that come late from frames that are wrong.
  std::size_t remembered_streams = 4096;
};

// The same, with what would let nothing move at all raised to the least that works.
[[nodiscard]] inline YamuxConfig workable(YamuxConfig config) {
  for (std::size_t* least_one :
       {&config.ack_backlog, &config.max_chunk_bytes, &config.max_batch_bytes, &config.max_read_bytes,
        &config.max_queued_control, &config.max_rapid_resets}) {
    *least_one = std::max<std::size_t>(*least_one, 1);
  }
  config.max_pings = std::max<std::size_t>(config.max_pings, 3);
  return config;
}

}  // namespace libp2p
