// One stream as the multiplexer knows it. Pure state: who waits for it is the session's business.
#pragma once

#include <memory>
#include <optional>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/yamux/frame.hpp"
#include "libp2p/yamux/receive_buffer.hpp"
#include "libp2p/yamux/window.hpp"

namespace libp2p::yamux {

struct StreamWaiters;  // the session's; nothing here looks into it

// Shared by the multiplexer, until the stream has ended, and the handle. Only the multiplexer writes to it.
struct Substream : std::enable_shared_from_this<Substream> {
  Substream(StreamId stream_id, bool opened_by_peer, ReceiveWindow window, Instant now)
      : id(stream_id),
        inbound(opened_by_peer),
        receive(window),
        opened(now),
        syn_due(!opened_by_peer),
        ack_due(opened_by_peer),
        acknowledged(opened_by_peer) {}

  StreamId id;
  bool inbound;
  SendWindow send;
  ReceiveWindow receive;
  ReceiveBuffer unread;
  Instant opened;
  // Set at most once. Unless the stream was cut, what had come before it, and an end, can still be read.
  std::optional<Error> failure;
  bool cut = false;
  std::shared_ptr<StreamWaiters> waiters;

  // What a write under way still has to send: its caller's memory.
  BytesView outgoing;
  // Where a read under way wants its bytes, its caller's memory; and how many have been put there.
  MutableBytes wanted;
  std::size_t delivered = 0;

  // SYN and ACK ride on the stream's first frame, whichever it is.
  bool syn_due;
  bool ack_due;
  bool acknowledged;
  bool accepted = false;
  bool fin_due = false;
  bool fin_sent = false;
  bool fin_received = false;

  bool linked = true;       // in the multiplexer's table
  bool in_turns = false;    // queued to send payload or FIN
  bool in_updates = false;  // queued to send a window update
  bool touched = false;     // in the list of events

  [[nodiscard]] bool can_send() const {
    return !failure && ((!outgoing.empty() && send.available() > 0) || (outgoing.empty() && fin_due));
  }
};

using SubstreamPtr = std::shared_ptr<Substream>;

}  // namespace libp2p::yamux
