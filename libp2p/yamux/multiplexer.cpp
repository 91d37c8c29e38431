#include "libp2p/yamux/multiplexer.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace libp2p::yamux {
namespace {

constexpr Duration ping_period = std::chrono::seconds(10);
// A closed stream is forgotten after so many trims: a minute, at one each five seconds.
constexpr std::uint64_t trims_remembered = 12;

}  // namespace

Multiplexer::Multiplexer(YamuxRole role, const YamuxConfig& config)
    : role_(role),
      config_(workable(config)),
      budget_(config.budget_bytes),
      next_id_(role == YamuxRole::dialer ? 1 : 2),
      batch_limit_(config_.max_batch_bytes),
      peer_pings_(config_.max_pings, ping_period),
      // The other side may count as we do, and the network may push pings together.
      own_pings_(config_.max_pings - 2, ping_period),
      rapid_resets_(config_.max_rapid_resets, rapid_reset_period) {}

Result<SubstreamPtr> Multiplexer::open(Instant now) {
  if (ended_) return fail(Errc::closed, "the connection ended: " + ended_->to_string());
  if (peer_went_away_) return fail(Errc::closed, "the other side takes no more streams on this connection");
  if (next_id_ > std::numeric_limits<StreamId>::max())
    return fail(Errc::limit, "the connection has used up its stream ids");
  if (unacknowledged_ >= config_.ack_backlog) {
    return fail(Errc::busy,
                std::to_string(unacknowledged_) + " streams wait for the other side to acknowledge them");
  }
  const auto id = static_cast<StreamId>(next_id_);
  next_id_ += 2;
  auto stream =
      std::make_shared<Substream>(id, false, ReceiveWindow(budget_, config_.max_window_bytes, now), now);
  streams_.emplace(id, stream);
  ++unacknowledged_;
  return stream;
}

SubstreamPtr Multiplexer::accept() {
  if (incoming_.empty()) return nullptr;
  SubstreamPtr stream = std::move(incoming_.front());
  incoming_.pop_front();
  stream->accepted = true;
  queue_update(*stream);  // carries the ACK, unless an answer is quicker
  return stream;
}

std::optional<Result<std::size_t>> Multiplexer::read(Substream& stream, MutableBytes out) {
  if (!stream.wanted.empty() && stream.wanted.data() != out.data()) {
    return fail(Errc::busy, "another read is under way on this stream");
  }
  if (stream.delivered > 0) {
    stream.wanted = {};
    const std::size_t size = std::exchange(stream.delivered, 0);
    after_read(stream);
    return size;
  }
  if (!stream.cut) {
    if (!stream.unread.empty()) {
      stream.wanted = {};
      const std::size_t size = stream.unread.pop(out);
      if (stream.linked) count_read(size);
      after_read(stream);
      return size;
    }
    if (stream.fin_received) return 0;
  }
  if (stream.failure) return std::unexpected(*stream.failure);
  stream.wanted = out;
  if (payload_stream_.get() == &stream) relieve();
  if (stream.syn_due) queue_update(stream);  // who opens a stream to listen must be heard, too
  return std::nullopt;
}

void Multiplexer::cancel_read(Substream& stream) {
  if (stream.delivered > 0 && !stream.cut) {
    stream.unread.unread(stream.wanted.first(stream.delivered));
    if (stream.linked) unread_bytes_ += stream.delivered;
  }
  stream.delivered = 0;
  stream.wanted = {};
}

void Multiplexer::after_read(Substream& stream) {
  if (!stream.linked) return;
  if (stream.fin_received) {
    settle_end(stream);
  } else if (stream.receive.update_due(stream.unread.size())) {
    queue_update(stream);
  }
}

std::optional<Result<>> Multiplexer::write(Substream& stream, BytesView data) {
  if (stream.failure) return std::unexpected(*stream.failure);
  if (stream.fin_due || stream.fin_sent) return fail(Errc::closed, "write after close");
  if (!stream.outgoing.empty()) return fail(Errc::busy, "another write is under way on this stream");
  stream.outgoing = data;
  queue_turn(stream);
  encode_payload();
  return write_outcome(stream);
}

std::optional<Result<>> Multiplexer::write_outcome(const Substream& stream) const {
  if (stream.failure) return std::unexpected(*stream.failure);
  if (stream.outgoing.empty()) return Result<>{};
  return std::nullopt;
}

Result<> Multiplexer::close_write(Substream& stream) {
  if (stream.fin_due || stream.fin_sent) return {};
  if (stream.failure) return std::unexpected(*stream.failure);
  if (!stream.outgoing.empty()) return fail(Errc::busy, "a write is under way on this stream");
  stream.fin_due = true;
  queue_turn(stream);
  encode_payload();
  return {};
}

void Multiplexer::reset(Substream& stream) {
  cut_stream(stream, Errc::reset, "the stream was reset by this side");
}

void Multiplexer::release(Substream& stream) {
  const SubstreamPtr keep = stream.shared_from_this();
  if (stream.fin_due) send_turn(stream);
  const bool nothing_lost = stream.unread.empty() && stream.delivered == 0;
  // With no credit left the other side may wait for more, and would never come to learn.
  if (!stream.fin_sent || stream.fin_received || stream.failure || !nothing_lost ||
      stream.receive.credit() == 0) {
    return reset(stream);
  }
  fail_stream(stream, Errc::reset, "the stream was dropped by this side");
  unlink(stream, true);
}

void Multiplexer::cut_stream(Substream& stream, Errc code, std::string message) {
  const SubstreamPtr keep = stream.shared_from_this();
  const bool over = stream.failure || stream.syn_due || (stream.fin_sent && stream.fin_received);
  if (stream.linked && !over) answer({FrameType::window_update, rst_flag, stream.id, 0});
  fail_stream(stream, code, std::move(message));
  unlink(stream);
}

// The user's view of the stream ends here; the table's is unlink().
void Multiplexer::fail_stream(Substream& stream, Errc code, std::string message) {
  discard_unread(stream);
  stream.cut = true;
  stream.outgoing = {};
  if (!stream.failure) stream.failure = Error{code, std::move(message)};
  if (payload_stream_.get() == &stream) relieve();
  touch(stream);
}

void Multiplexer::discard_unread(Substream& stream) {
  if (stream.linked) count_read(stream.unread.size());
  stream.unread.clear();
}

// Bytes of streams in the table are unread no more. A sixteenth of the budget must be free before it counts
// as room: reading on for each few bytes would cost more than it brings.
void Multiplexer::count_read(std::size_t bytes) {
  unread_bytes_ -= bytes;
  budget_.settle(unread_bytes_);
  if (unread_bytes_ <= config_.budget_bytes - config_.budget_bytes / 16) relieve();
}

void Multiplexer::relieve() {
  events_.roomy = events_.roomy || overfull_;
  overfull_ = false;
}

void Multiplexer::settle_end(Substream& stream) {
  const bool done_writing = stream.fin_sent || stream.failure;
  if (done_writing && stream.fin_received && stream.unread.empty()) unlink(stream);
}

void Multiplexer::unlink(Substream& stream, bool reset_if_used) {
  if (!stream.linked) return;
  stream.linked = false;
  count_read(stream.unread.size());
  if (stream.inbound) {
    --inbound_;
    if (!stream.accepted) std::erase(incoming_, stream.shared_from_this());
  }
  if (!stream.acknowledged) {
    --unacknowledged_;
    events_.openable = true;
  }
  const std::uint32_t arriving = payload_stream_.get() == &stream ? payload_left_ : 0;
  remember(stream.id, stream.receive.credit() - arriving, reset_if_used);
  stream.receive.release(budget_);
  streams_.erase(stream.id);
}

void Multiplexer::remember(StreamId id, std::uint32_t credit, bool reset_if_used) {
  closed_[id] = {credit, reset_if_used};
  closed_order_.emplace_back(id, trims_);
  if (closed_order_.size() > config_.remembered_streams) {
    tell_of_end(closed_order_.front().first);
    closed_.erase(closed_order_.front().first);
    closed_order_.pop_front();
  }
}

// Of a stream that was let go in silence the other side may know no end, and its user may write yet, however
// late. Before the stream is forgotten it is told. Whether it had to be.
bool Multiplexer::tell_of_end(StreamId id) {
  const auto closed = closed_.find(id);
  if (closed == closed_.end() || !std::exchange(closed->second.reset_if_used, false)) return false;
  answer({FrameType::window_update, rst_flag, id, 0});
  return true;
}

Substream* Multiplexer::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Multiplexer::touch(Substream& stream) {
  if (stream.touched || !stream.waiters) return;
  stream.touched = true;
  events_.touched.push_back(stream.shared_from_this());
}

void Multiplexer::take_events(Events& into) {
  into.touched.clear();
  into.acceptable = into.openable = into.ponged = into.roomy = false;
  std::swap(into, events_);
  for (const SubstreamPtr& stream : into.touched) stream->touched = false;
}

bool Multiplexer::request_ping(Instant now) {
  if (ended_) return false;
  if (round_trip_.under_way()) return true;
  if (!own_pings_.take(now)) return false;
  round_trip_.request();
  return true;
}

void Multiplexer::refuse(Errc code, std::string message) {
  end(Error{code, std::move(message)}, GoAwayCode::protocol_error);
}

void Multiplexer::end(Error why, std::optional<GoAwayCode> farewell) {
  if (ended_) return;
  if (farewell == GoAwayCode::normal) {
    // What was written and closed before the end still arrives whole.
    for (const SubstreamPtr& stream : std::exchange(turns_, {})) {
      if (stream->outgoing.empty()) send_turn(*stream);
    }
  } else {
    out_.clear();
  }
  if (farewell) put({FrameType::go_away, {}, 0, static_cast<std::uint32_t>(*farewell)});
  const std::string message = "the connection ended: " + why.to_string();
  ended_ = std::move(why);
  control_.clear();
  turns_.clear();
  updates_.clear();
  incoming_.clear();
  payload_stream_.reset();
  events_.openable = events_.acceptable = events_.ponged = true;

  for (const auto& [id, stream] : std::exchange(streams_, {})) {
    stream->linked = false;
    stream->outgoing = {};
    if (!stream->failure) stream->failure = Error{Errc::reset, message};
    touch(*stream);
  }
  inbound_ = unacknowledged_ = unread_bytes_ = 0;
}

void Multiplexer::trim() {
  ++trims_;
  while (!closed_order_.empty() && closed_order_.front().second + trims_remembered < trims_) {
    const StreamId id = closed_order_.front().first;
    closed_order_.pop_front();
    if (tell_of_end(id)) {
      closed_order_.emplace_back(id, trims_);  // for what is still under way when it learns
    } else {
      closed_.erase(id);
    }
  }
  quiet_ = largest_batch_ <= quiet_batch_bytes;
  largest_batch_ = 0;
  if (quiet_ && out_.empty()) Bytes().swap(out_);
}

}  // namespace libp2p::yamux
