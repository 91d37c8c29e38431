// One stream as the session knows it. Pure state: who waits for it is the connection's business.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "libp2p/base/result.hpp"
#include "libp2p/transport/quic/chunk_queue.hpp"
#include "libp2p/transport/quic/receive_window.hpp"

namespace libp2p::quic {

struct StreamWaiters;  // the connection's; nothing here looks into it

// Shared by the session, until the stream has ended, and the handle. Only the session writes to it.
struct StreamState : std::enable_shared_from_this<StreamState> {
  StreamState(std::int64_t stream_id, bool opened_by_peer, ReceiveWindow receive_window)
      : id(stream_id), inbound(opened_by_peer), window(receive_window) {}

  std::int64_t id;
  bool inbound;
  ReceiveWindow window;
  ChunkQueue unread;
  ChunkQueue outgoing;   // from the first byte that isn't acknowledged
  std::size_t sent = 0;  // of outgoing
  // Why reading and writing ended, if by force. What had come before the end of a connection can still be
  // read.
  std::optional<Error> read_failure;
  std::optional<Error> write_failure;
  bool fin_received = false;
  bool fin_due = false;
  bool fin_sent = false;
  bool cut = false;       // what waits in outgoing is no longer sent
  bool closed = false;    // ngtcp2 has forgotten it
  bool released = false;  // its user has
  bool counted = true;    // among those that are alive
  bool blocked = false;   // by the other side's flow control
  bool in_turns = false;  // queued to send
  bool touched = false;   // in the list of events
  std::shared_ptr<StreamWaiters> waiters;

  [[nodiscard]] bool has_output() const {
    return !closed && !cut && (sent < outgoing.size() || (fin_due && !fin_sent));
  }
  // What its user closed for writing, and hasn't all arrived.
  [[nodiscard]] bool delivers() const {
    return !closed && !cut && fin_due && (!outgoing.empty() || !fin_sent);
  }
};

using StreamStatePtr = std::shared_ptr<StreamState>;

}  // namespace libp2p::quic
