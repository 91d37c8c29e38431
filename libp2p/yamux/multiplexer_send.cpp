// What this side sends: whole frames, in the order in which they were made, into one batch at a time.
#include <algorithm>
#include <utility>

#include "libp2p/yamux/multiplexer.hpp"

namespace libp2p::yamux {
namespace {

constexpr Duration slow_write = std::chrono::milliseconds(500);
constexpr Duration quick_write = std::chrono::milliseconds(100);

}  // namespace

bool Multiplexer::has_output() const noexcept {
  if (ended_) return !out_.empty();
  return !out_.empty() || !control_.empty() || !updates_.empty() || !turns_.empty() || round_trip_.due();
}

void Multiplexer::take_output(Bytes& batch, Instant now) {
  batch.clear();
  if (quiet_) Bytes().swap(batch);
  encode_control(now);
  encode_payload();
  std::swap(out_, batch);
  largest_batch_ = std::max(largest_batch_, batch.size());
  quiet_ = quiet_ && batch.size() <= quiet_batch_bytes;
  // Whoever waits with a write gets on while the batch is being written.
  encode_payload();
}

void Multiplexer::batch_written(Duration took) noexcept {
  if (took > slow_write) {
    batch_limit_ = std::max({batch_limit_ / 2, config_.max_batch_bytes / 16, std::size_t{1}});
  } else if (took < quick_write) {
    batch_limit_ = std::min(batch_limit_ * 2, config_.max_batch_bytes);
  }
}

void Multiplexer::put(const Header& header) {
  const HeaderBytes bytes = encode(header);
  append(out_, bytes);
}

void Multiplexer::answer(const Header& header) {
  const HeaderBytes bytes = encode(header);
  append(control_, bytes);
}

void Multiplexer::encode_control(Instant now) {
  if (ended_) return;
  append(out_, control_);
  control_.clear();
  if (round_trip_.due()) put({FrameType::ping, syn_flag, 0, round_trip_.send(now)});
  for (const SubstreamPtr& stream : updates_) {
    stream->in_updates = false;
    if (!stream->linked || stream->failure) continue;
    const std::size_t unread = stream->unread.size();
    std::uint32_t delta = 0;
    if (!stream->fin_received && stream->receive.update_due(unread)) {
      delta = stream->receive.update(unread, now, round_trip_.least(), budget_);
    }
    const Flags flags = opening_flags(*stream);
    if (delta > 0 || !flags.none()) put({FrameType::window_update, flags, stream->id, delta});
  }
  updates_.clear();
}

void Multiplexer::encode_payload() {
  while (!turns_.empty() && out_.size() < batch_limit_) {
    const SubstreamPtr stream = std::move(turns_.front());
    turns_.pop_front();
    stream->in_turns = false;
    send_turn(*stream);
    queue_turn(*stream);
  }
}

void Multiplexer::send_turn(Substream& stream) {
  if (!stream.can_send()) return;
  if (stream.outgoing.empty()) {
    stream.fin_due = false;
    stream.fin_sent = true;
    put({FrameType::data, opening_flags(stream) | fin_flag, stream.id, 0});
    settle_end(stream);
    return;
  }
  const auto size = static_cast<std::uint32_t>(
      std::min({stream.outgoing.size(), std::size_t{stream.send.available()}, config_.max_chunk_bytes}));
  put({FrameType::data, opening_flags(stream), stream.id, size});
  append(out_, stream.outgoing.first(size));
  stream.send.spend(size);
  stream.outgoing = stream.outgoing.subspan(size);
  if (stream.outgoing.empty()) touch(stream);
}

Flags Multiplexer::opening_flags(Substream& stream) {
  if (std::exchange(stream.syn_due, false)) return syn_flag;
  if (std::exchange(stream.ack_due, false)) return ack_flag;
  return {};
}

void Multiplexer::queue_turn(Substream& stream) {
  if (stream.in_turns || !stream.can_send()) return;
  stream.in_turns = true;
  turns_.push_back(stream.shared_from_this());
}

void Multiplexer::queue_update(Substream& stream) {
  if (stream.in_updates || !stream.linked) return;
  stream.in_updates = true;
  updates_.push_back(stream.shared_from_this());
}

}  // namespace libp2p::yamux
