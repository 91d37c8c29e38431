#include <algorithm>
#include <array>
#include <utility>

#include "libp2p/transport/quic/ngtcp2_native.hpp"

namespace libp2p::quic {

void Batch::assign(Path to, BytesView datagram) {
  path = std::move(to);
  segment_bytes = size = datagram.size();
  buffer.assign(datagram.begin(), datagram.end());
}

bool Session::take_output(Batch& batch, Instant now) {
  batch.size = 0;
  if (!farewell_.empty()) {
    std::swap(batch, farewell_);
    farewell_.size = 0;
    return true;
  }
  if (!native_) return false;
  now_ = now;
  if (batch.buffer.size() < Batch::max_bytes) batch.buffer.resize(Batch::max_bytes);
  if (!held_.empty()) {
    std::copy_n(held_.buffer.begin(), held_.size, batch.buffer.begin());
    batch.path = held_.path;
    batch.segment_bytes = batch.size = std::exchange(held_.size, 0);
  }
  watch_progress(now);
  retry_blocked();
  const std::size_t largest = ngtcp2_conn_get_max_tx_udp_payload_size(native_->conn);
  const std::size_t quantum =
      std::min(Batch::max_bytes - largest, ngtcp2_conn_get_send_quantum(native_->conn));
  ngtcp2_path_storage storage;
  std::size_t segments = batch.empty() ? 0 : 1;
  while (batch.size < quantum && segments < Batch::max_segments) {
    ngtcp2_path_storage_zero(&storage);
    const MutableBytes room = MutableBytes(batch.buffer).subspan(batch.size, largest);
    const std::ptrdiff_t written = write_packet(room, &storage, now);
    if (!native_) return take_output(batch, now);  // it failed: the farewell is due
    if (written == 0) break;
    const auto size = static_cast<std::size_t>(written);
    Path path = from_native(storage.path);
    if (segments == 0) {
      batch.path = std::move(path);
      batch.segment_bytes = size;
    } else if (size > batch.segment_bytes || path != batch.path) {
      held_.assign(std::move(path), room.first(size));
      break;
    }
    batch.size += size;
    ++segments;
    if (size < batch.segment_bytes) break;
  }
  // Its pace follows from the round trip, of which a handshake knows nothing: it would wait 20 ms for each of
  // its few datagrams.
  if (established_) ngtcp2_conn_update_pkt_tx_time(native_->conn, to_native(now));
  if (batch.empty()) finish_when_sent(now);
  if (batch.empty() && !farewell_.empty()) return take_output(batch, now);
  return !batch.empty();
}

// One packet; 0 when there is nothing to send, or nothing may be sent now.
std::ptrdiff_t Session::write_packet(MutableBytes out, void* path_storage, Instant now) {
  ngtcp2_path* path = &static_cast<ngtcp2_path_storage*>(path_storage)->path;
  ngtcp2_pkt_info info{};
  for (;;) {
    StreamState* stream = next_turn();
    std::array<ngtcp2_vec, 2> pieces{};
    std::size_t count = 0;
    std::size_t offered = 0;
    std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
    if (stream != nullptr) {
      // Other streams' data may share the packet.
      flags |= NGTCP2_WRITE_STREAM_FLAG_MORE;
      for (; stream->sent + offered < stream->outgoing.size() && count < pieces.size(); ++count) {
        const BytesView piece = stream->outgoing.at(stream->sent + offered);
        pieces[count] = {const_cast<std::uint8_t*>(piece.data()), piece.size()};
        offered += piece.size();
      }
      const bool last = stream->sent + offered == stream->outgoing.size();
      if (stream->fin_due && last) flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
    }
    ngtcp2_ssize accepted = -1;
    const ngtcp2_ssize written =
        ngtcp2_conn_writev_stream(native_->conn, path, &info, out.data(), out.size(), &accepted, flags,
                                  stream != nullptr ? stream->id : -1, pieces.data(), count, to_native(now));
    if (stream != nullptr && accepted >= 0) {
      const auto bytes = static_cast<std::size_t>(accepted);
      took(*stream, bytes, (flags & NGTCP2_WRITE_STREAM_FLAG_FIN) != 0 && bytes == offered);
    }
    if (written >= 0) return written;
    if (written == NGTCP2_ERR_WRITE_MORE) continue;
    if (stream != nullptr && written == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
      stream->blocked = true;
      blocked_.push_back(stream->shared_from_this());
      continue;
    }
    if (stream != nullptr &&
        (written == NGTCP2_ERR_STREAM_SHUT_WR || written == NGTCP2_ERR_STREAM_NOT_FOUND)) {
      stream->cut = true;
      count_off(*stream);
      if (!stream->write_failure) {
        stream->write_failure = Error{Errc::reset, "the other side reads no more of the stream"};
      }
      touch(*stream);
      continue;
    }
    fail(static_cast<int>(written), now);
    return 0;
  }
}

// Which stream is to send next. Those that have nothing to send, or may not, leave the queue; while the whole
// connection is blocked those with data wait in it.
StreamState* Session::next_turn() {
  const bool full = ngtcp2_conn_get_max_data_left(native_->conn) == 0;
  for (std::size_t left = turns_.size(); left > 0; --left) {
    const StreamStatePtr stream = turns_.front();
    const bool has_data = stream->sent < stream->outgoing.size();
    if (stream->has_output() && !stream->blocked && !(full && has_data)) return stream.get();
    turns_.pop_front();
    if (stream->has_output() && !stream->blocked) {
      turns_.push_back(stream);
    } else {
      stream->in_turns = false;
    }
  }
  return nullptr;
}

// The stream is the first in the queue: what it still has to send comes after the others.
void Session::took(StreamState& stream, std::size_t bytes, bool with_fin) {
  stream.sent += bytes;
  if (with_fin) stream.fin_sent = true;
  count_off(stream);
  StreamStatePtr first = std::move(turns_.front());
  turns_.pop_front();
  if (stream.has_output()) {
    turns_.push_back(std::move(first));
  } else {
    stream.in_turns = false;
  }
}

// What was heard since may have opened a window, or have closed the stream, which ngtcp2 tells only who
// tries.
void Session::retry_blocked() {
  if (!std::exchange(heard_, false)) return;
  for (const StreamStatePtr& stream : std::exchange(blocked_, {})) {
    stream->blocked = false;
    queue_turn(*stream);
  }
}

void Session::queue_turn(StreamState& stream) {
  if (stream.in_turns || stream.blocked || !stream.has_output()) return;
  stream.in_turns = true;
  turns_.push_back(stream.shared_from_this());
}

}  // namespace libp2p::quic
