// What the other side sends: parsed, bounded, and only then acted on.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "libp2p/yamux/multiplexer.hpp"

namespace libp2p::yamux {
namespace {

std::string name(StreamId id) { return "stream " + std::to_string(id); }

}  // namespace

std::size_t Multiplexer::receive(BytesView bytes, Instant now) {
  const std::size_t size = bytes.size();
  while (!bytes.empty()) {
    if (ended_) return size;
    if (payload_left_ > 0) {
      const BytesView payload = bytes.first(payload_room(bytes.size()));
      if (payload.empty()) break;
      on_payload(payload);
      bytes = bytes.subspan(payload.size());
      continue;
    }
    if (partial_size_ == 0 && clogged()) break;
    const BytesView part = bytes.first(std::min(header_size - partial_size_, bytes.size()));
    std::ranges::copy(part, partial_header_.begin() + static_cast<std::ptrdiff_t>(partial_size_));
    bytes = bytes.subspan(part.size());
    partial_size_ += part.size();
    if (partial_size_ < header_size) break;
    partial_size_ = 0;
    if (const auto header = decode_header(partial_header_)) {
      on_header(*header, now);
    } else {
      refuse(header.error().code, header.error().message);
    }
  }
  return size - bytes.size();
}

bool Multiplexer::clogged() const noexcept {
  return !ended_ && queued_control() >= config_.max_queued_control;
}

void Multiplexer::on_header(const Header& header, Instant now) {
  empty_frames_ = counts_as_empty(header) ? empty_frames_ + 1 : 0;
  if (empty_frames_ > config_.max_empty_frames) {
    return refuse(Errc::limit, "the other side sent more than " + std::to_string(config_.max_empty_frames) +
                                   " empty frames in a row");
  }
  switch (header.type) {
    case FrameType::data:
    case FrameType::window_update:
      return on_stream_frame(header, now);
    case FrameType::ping:
      return on_ping(header, now);
    case FrameType::go_away:
      return on_go_away(header);
  }
}

bool Multiplexer::counts_as_empty(const Header& header) noexcept {
  const bool of_stream = header.type == FrameType::data || header.type == FrameType::window_update;
  return of_stream && header.length == 0 && header.flags.none();
}

void Multiplexer::on_stream_frame(const Header& header, Instant now) {
  if (header.flags.syn()) {
    if (const SubstreamPtr stream = admit(header, now)) on_live_frame(*stream, header, now);
  } else if (Substream* stream = find(header.stream)) {
    on_live_frame(*stream, header, now);
  } else {
    on_stray_frame(header);
  }
}

// A new stream of the other side; null when it is refused, or when the session has ended for it.
SubstreamPtr Multiplexer::admit(const Header& header, Instant now) {
  const StreamId id = header.stream;
  const std::uint32_t payload = header.type == FrameType::data ? header.length : 0;
  if (is_ours(id)) {
    refuse(Errc::protocol, "the other side opened " + name(id) + ", an id of this side's");
    return nullptr;
  }
  if (find(id) != nullptr || closed_.contains(id)) {
    refuse(Errc::protocol, "the other side opened " + name(id) + " twice");
    return nullptr;
  }
  if (payload > initial_window_bytes) {
    refuse(Errc::protocol, "the other side opened " + name(id) + " with more than the first window holds");
    return nullptr;
  }
  highest_peer_id_ = std::max(highest_peer_id_, id);
  if (peer_went_away_ || inbound_ >= config_.max_inbound_streams) {
    answer({FrameType::window_update, rst_flag, id, 0});
    remember(id, initial_window_bytes - payload);
    payload_left_ = payload;
    payload_stream_.reset();
    return nullptr;
  }
  auto stream =
      std::make_shared<Substream>(id, true, ReceiveWindow(budget_, config_.max_window_bytes, now), now);
  streams_.emplace(id, stream);
  incoming_.push_back(stream);
  ++inbound_;
  events_.acceptable = true;
  return stream;
}

void Multiplexer::on_live_frame(Substream& stream, const Header& header, Instant now) {
  const SubstreamPtr keep = stream.shared_from_this();
  const bool has_payload = header.type == FrameType::data && header.length > 0;
  if (has_payload) {
    if (!stream.receive.allows(header.length)) {
      return refuse(Errc::protocol,
                    "the other side sent more on " + name(stream.id) + " than its window allows");
    }
    payload_left_ = header.length;
    payload_stream_ = keep;
  }
  on_acknowledged(stream);
  if (stream.failure) return;  // reset after its end, but not read to it yet
  if (header.flags.rst()) return on_reset(stream, now);
  if (stream.fin_received && (has_payload || header.flags.fin())) {
    return cut_stream(stream, Errc::protocol, "the other side went on after it had closed the stream");
  }
  if (header.type == FrameType::window_update) {
    if (!stream.send.grow(header.length)) {
      return refuse(Errc::protocol, "the other side announced a window beyond 32 bits on " + name(stream.id));
    }
    queue_turn(stream);
  }
  if (!header.flags.fin()) return;
  if (has_payload) {
    payload_ends_stream_ = true;
  } else {
    on_fin(stream);
  }
}

// A frame for a stream that isn't there. Late ones are what every reset leaves on its way, and are ignored as
// long as they keep to the window that the stream had; one for a stream that never was is not late. A reset
// never harms: some send it for streams they gave up before opening them.
void Multiplexer::on_stray_frame(const Header& header) {
  const StreamId id = header.stream;
  const auto closed = closed_.find(id);
  if (header.type == FrameType::data && header.length > 0) {
    if (closed == closed_.end() || header.length > closed->second.credit) {
      return refuse(Errc::protocol, "the other side sent " + std::to_string(header.length) + " bytes on " +
                                        name(id) + ", which is not open");
    }
    closed->second.credit -= header.length;
    if (std::exchange(closed->second.reset_if_used, false) && !header.flags.rst()) {
      answer({FrameType::window_update, rst_flag, id, 0});
    }
    payload_left_ = header.length;
    payload_stream_.reset();
    return;
  }
  if (closed != closed_.end() && (header.flags.fin() || header.flags.rst()))
    closed->second.reset_if_used = false;
  const bool never_was = is_ours(id) ? id >= next_id_ : id > highest_peer_id_;
  if (never_was && !header.flags.rst()) {
    refuse(Errc::protocol, "the other side sent a frame for " + name(id) + ", which was never opened");
  }
}

void Multiplexer::on_acknowledged(Substream& stream) {
  // Any frame of the other side shows that it has the stream, whether it remembers the flag or not.
  if (stream.acknowledged) return;
  stream.acknowledged = true;
  --unacknowledged_;
  events_.openable = true;
}

void Multiplexer::on_fin(Substream& stream) {
  stream.fin_received = true;
  touch(stream);
  settle_end(stream);
}

void Multiplexer::on_reset(Substream& stream, Instant now) {
  if (stream.inbound && now - stream.opened <= rapid_reset_period && !rapid_resets_.take(now)) {
    return refuse(Errc::limit, "the other side opened and reset more than " +
                                   std::to_string(config_.max_rapid_resets) + " streams in a second");
  }
  if (stream.fin_received && (stream.accepted || !stream.inbound)) {
    // It wrote, closed and let go: that it wants no answer doesn't take back what it said. The stream stays
    // in the table, and in all counts, until that is read.
    stream.failure = Error{Errc::reset, "the other side reset the stream"};
    stream.outgoing = {};
    touch(stream);
    settle_end(stream);
    return;
  }
  fail_stream(stream, Errc::reset, "the other side reset the stream");
  unlink(stream);
}

void Multiplexer::on_payload(BytesView payload) {
  const auto size = static_cast<std::uint32_t>(payload.size());
  payload_left_ -= size;
  if (payload_stream_) payload_stream_->receive.spend(size);
  if (payload_stream_ && !payload_stream_->failure) store(*payload_stream_, payload);
  if (payload_left_ > 0) return;
  const SubstreamPtr stream = std::exchange(payload_stream_, nullptr);
  if (std::exchange(payload_ends_stream_, false) && stream && !stream->failure) on_fin(*stream);
}

void Multiplexer::store(Substream& stream, BytesView payload) {
  if (stream.unread.empty()) {
    const MutableBytes room = stream.wanted.subspan(stream.delivered);
    const std::size_t direct = std::min(room.size(), payload.size());
    std::ranges::copy(payload.first(direct), room.begin());
    stream.delivered += direct;
    payload = payload.subspan(direct);
  }
  if (!payload.empty()) {
    stream.unread.push(payload);
    unread_bytes_ += payload.size();
  }
  touch(stream);
}

// How much of the payload that is arriving, and of which so much is there, can be taken in now.
std::size_t Multiplexer::payload_room(std::size_t available) {
  const std::size_t wanted = std::min<std::size_t>(payload_left_, available);
  if (!payload_stream_ || payload_stream_->failure) return wanted;
  const Substream& stream = *payload_stream_;
  const std::size_t direct = stream.unread.empty() ? stream.wanted.size() - stream.delivered : 0;
  const std::size_t stored = wanted - std::min(wanted, direct);
  const std::size_t room = wanted - stored + budget_.admit(unread_bytes_, stored);
  overfull_ = room == 0;
  return room;
}

void Multiplexer::shed() {
  // What others held may have come free meanwhile.
  if (budget_.refused() && payload_left_ > 0) (void)payload_room(1);
  while (overfull()) {
    Substream* largest = payload_stream_.get();
    for (const auto& [id, stream] : streams_) {
      if (stream->unread.size() > largest->unread.size()) largest = stream.get();
    }
    cut_stream(*largest, Errc::limit, budget_.why_full() + "; this stream held most");
  }
}

void Multiplexer::on_ping(const Header& header, Instant now) {
  if (header.flags.syn()) {
    if (!peer_pings_.take(now)) {
      return refuse(Errc::limit,
                    "the other side sent more than " + std::to_string(config_.max_pings) + " pings in 10 s");
    }
    return answer({FrameType::ping, ack_flag, 0, header.length});
  }
  if (round_trip_.answer(header.length, now)) {
    events_.ponged = true;
  } else if (++stray_pongs_ > config_.max_stray_pongs) {
    refuse(Errc::protocol, "the other side answered pings that were never sent");
  }
}

void Multiplexer::on_go_away(const Header& header) {
  if (header.length == static_cast<std::uint32_t>(GoAwayCode::normal)) {
    peer_went_away_ = true;
    events_.openable = true;  // those who wait to open must learn that there is no use
    return;
  }
  const std::string why = header.length == 1   ? "protocol error"
                          : header.length == 2 ? "internal error"
                                               : "its own reasons";
  end(Error{Errc::reset,
            "the other side ended the session for " + why + " (" + std::to_string(header.length) + ")"},
      std::nullopt);
}

}  // namespace libp2p::yamux
