#include <algorithm>
#include <string>
#include <utility>

#include "libp2p/transport/quic/ngtcp2_native.hpp"

namespace libp2p::quic {
namespace {

constexpr std::uint64_t reset_code = 0;  // libp2p gives no meaning to the codes of streams
constexpr std::size_t least_send_buffer = 64U << 10;
// What is there for each connection without asking: of what it holds unread, and of what it sends. The rest
// of what the swarm counts for a connection is its keys and packets.
constexpr std::size_t unread_gift_bytes = 128U << 10;
constexpr std::size_t buffered_gift_bytes = 4096;
// What a stream with nothing to send may take over whatever the limits, so that none waits for another.
constexpr std::size_t least_write_bytes = 1024;

}  // namespace

StreamState& Session::add_stream(std::int64_t id, bool inbound, Instant now) {
  const QuicConfig& config = parts_.config;
  const ReceiveWindow window(config.initial_window_bytes, config.max_window_bytes, now);
  ++alive_;
  return *streams_.emplace(id, std::make_shared<StreamState>(id, inbound, window)).first->second;
}

Result<StreamStatePtr> Session::open(Instant now) {
  if (ended_) return libp2p::fail(Errc::closed, "the connection ended: " + ended_->to_string());
  std::int64_t id = 0;
  const int code = ngtcp2_conn_open_bidi_stream(native_->conn, &id, nullptr);
  if (code == NGTCP2_ERR_STREAM_ID_BLOCKED) {
    return libp2p::fail(Errc::busy, "the other side allows no more streams now");
  }
  if (code != 0) return libp2p::fail(Errc::io, std::string("open a stream: ") + ngtcp2_strerror(code));
  StreamState& stream = add_stream(id, false, now);
  ngtcp2_conn_set_stream_user_data(native_->conn, id, &stream);
  return stream.shared_from_this();
}

StreamStatePtr Session::accept() {
  if (incoming_.empty()) return nullptr;
  StreamStatePtr stream = std::move(incoming_.front());
  incoming_.pop_front();
  return stream;
}

std::optional<Result<std::size_t>> Session::read(StreamState& stream, MutableBytes out, Instant now) {
  if (!stream.unread.empty()) {
    const std::size_t got = stream.unread.pop(out);
    unread_ -= got;
    memory_.settle(held(unread_, buffered_));
    credit(stream, got, now);
    return got;
  }
  if (stream.fin_received && !stream.read_failure) return std::size_t{0};
  if (stream.read_failure) return std::unexpected(*stream.read_failure);
  return std::nullopt;
}

void Session::credit(StreamState& stream, std::uint64_t bytes, Instant now) {
  if (!native_ || ended_) return;
  const auto round_trip = rtt();
  if (!stream.closed && !stream.fin_received && !stream.read_failure) {
    const std::uint64_t more = stream.window.on_read(bytes, now, round_trip);
    if (more > 0) (void)ngtcp2_conn_extend_max_stream_offset(native_->conn, stream.id, more);
  }
  const std::uint64_t more = window_.on_read(bytes, now, round_trip, memory_.budget());
  if (more > 0) ngtcp2_conn_extend_max_offset(native_->conn, more);
}

void Session::discard_unread(StreamState& stream, Instant now) {
  const std::size_t bytes = stream.unread.size();
  stream.unread.clear();
  unread_ -= bytes;
  memory_.settle(held(unread_, buffered_));
  if (bytes == 0 || !native_ || ended_) return;
  const std::uint64_t more = window_.on_read(bytes, now, std::nullopt);
  if (more > 0) ngtcp2_conn_extend_max_offset(native_->conn, more);
}

std::optional<Result<std::size_t>> Session::write(StreamState& stream, BytesView data) {
  if (stream.write_failure) return std::unexpected(*stream.write_failure);
  if (stream.fin_due) return libp2p::fail(Errc::closed, "the stream is closed for writing");
  const QuicConfig& config = parts_.config;
  // However full the others are, a stream may hold a little, so that none waits for another's reader.
  const std::size_t most =
      buffered_ < config.max_send_buffers_bytes ? config.max_send_buffer_bytes : least_send_buffer;
  if (stream.outgoing.size() >= most) return std::nullopt;
  const std::size_t taken = affordable(stream, std::min(data.size(), most - stream.outgoing.size()));
  if (taken == 0 && !data.empty()) return std::nullopt;
  stream.outgoing.push(data.first(taken));
  buffered_ += taken;
  queue_turn(stream);
  return taken;
}

// Of the shared memory, in bytes. What the window has grown by is taken from there already.
std::size_t Session::held(std::size_t unread, std::size_t buffered) const noexcept {
  const auto beyond = [](std::size_t bytes, std::size_t gift) { return bytes > gift ? bytes - gift : 0; };
  return beyond(unread, unread_gift_bytes + static_cast<std::size_t>(window_.growth())) +
         beyond(buffered, buffered_gift_bytes);
}

std::size_t Session::affordable(const StreamState& stream, std::size_t wanted) noexcept {
  for (std::size_t bytes = wanted; bytes > least_write_bytes; bytes /= 2) {
    if (memory_.cover(held(unread_, buffered_ + bytes))) return bytes;
  }
  if (memory_.cover(held(unread_, buffered_ + std::min(wanted, least_write_bytes)))) {
    return std::min(wanted, least_write_bytes);
  }
  return stream.outgoing.empty() ? std::min(wanted, least_write_bytes) : 0;
}

void Session::unbuffer(std::size_t bytes) noexcept {
  buffered_ -= bytes;
  memory_.settle(held(unread_, buffered_));
}

// Something isn't acknowledged, or isn't let go by the other side and has no user here who could give it up.
bool Session::others_keep_us_waiting() const {
  return std::ranges::any_of(streams_, [](const auto& item) {
    const StreamState& stream = *item.second;
    return !stream.cut && (stream.sent > 0 || (stream.released && !stream.outgoing.empty()));
  });
}

void Session::watch_progress(Instant now) {
  if (buffered_ == 0 || ended_) {
    progress_.reset();
  } else if (!progress_) {
    progress_ = now;
  }
}

Result<> Session::close_write(StreamState& stream) {
  if (stream.write_failure) return std::unexpected(*stream.write_failure);
  stream.fin_due = true;
  queue_turn(stream);
  return {};
}

void Session::reset(StreamState& stream, Instant now) {
  const Error why{Errc::reset, "the stream was reset on this side"};
  if (!stream.write_failure) stream.write_failure = why;
  stream.cut = true;
  discard_unread(stream, now);
  stream.fin_received = false;
  if (!stream.read_failure) stream.read_failure = why;
  touch(stream);
  if (native_ && !stream.closed) (void)ngtcp2_conn_shutdown_stream(native_->conn, stream.id, reset_code);
}

void Session::release(StreamState& stream, Instant now) {
  if (std::exchange(stream.released, true)) return;
  if (stream.closed || ended_) {
    discard_unread(stream, now);
    if (stream.closed) retire(stream);
    count_off(stream);
    return;
  }
  if (!stream.fin_due) {
    reset(stream, now);
    count_off(stream);
    return;
  }
  count_off(stream);
  const bool more_may_come = !stream.fin_received && !stream.read_failure;
  discard_unread(stream, now);
  if (!stream.read_failure) stream.read_failure = Error{Errc::reset, "the stream was dropped"};
  if (more_may_come) (void)ngtcp2_conn_shutdown_stream_read(native_->conn, stream.id, reset_code);
}

// Nobody on this side has it, nor does it deliver anything. That the other side keeps it open makes no
// connection worth keeping.
void Session::count_off(StreamState& stream) {
  if (!stream.released || (stream.delivers() && !ended_)) return;
  if (std::exchange(stream.counted, false)) --alive_;
}

// Nobody has it any more: the other side may open another.
void Session::retire(StreamState& stream) {
  if (stream.inbound && native_ && !ended_) ngtcp2_conn_extend_max_streams_bidi(native_->conn, 1);
}

void Session::touch(StreamState& stream) {
  if (std::exchange(stream.touched, true)) return;
  events_.touched.push_back(stream.shared_from_this());
}

void Session::take_events(Events& into) {
  for (const StreamStatePtr& stream : events_.touched) stream->touched = false;
  std::swap(into, events_);
  events_.touched.clear();
  events_.new_ids.clear();
  events_.old_ids.clear();
  events_.acceptable = events_.openable = false;
}

std::optional<Duration> Session::rtt() const {
  if (!native_) return std::nullopt;
  ngtcp2_conn_stat stat;
  ngtcp2_conn_get_conn_stat(native_->conn, &stat);
  if (stat.first_rtt_sample_ts == UINT64_MAX) return std::nullopt;
  return Duration(static_cast<Duration::rep>(stat.smoothed_rtt));
}

}  // namespace libp2p::quic
