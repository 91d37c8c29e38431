#include "starling/sync/record_exchange.hpp"

#include <algorithm>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "starling/sync/missing_records.hpp"

namespace starling {
namespace {

// Smaller than what is allowed: the other side can begin with one while the next is under way.
constexpr std::size_t frame_payload = 64UZ * 1024;
// An end frame carries a whole version vector.
constexpr std::size_t max_received_frame = max_pull_bytes;
constexpr std::size_t max_envelope_bytes = max_record_bytes + 1024;

// A stream whose reads each have a deadline.
class WatchedStream final : public libp2p::Stream {
 public:
  WatchedStream(Env env, libp2p::Stream& inner, Duration idle) : env_(env), inner_(inner), idle_(idle) {}

  Task<Result<std::size_t>> read_some(libp2p::MutableBytes out) override {
    const libp2p::DeadlineGuard deadline(env_, idle_, [this] { inner_.reset(); });
    co_return co_await inner_.read_some(out);
  }
  Task<Result<>> write(BytesView data) override { return inner_.write(data); }
  Task<Result<>> close_write() override { return inner_.close_write(); }
  void reset() override { inner_.reset(); }

 private:
  Env env_;
  libp2p::Stream& inner_;
  Duration idle_;
};

class FrameWriter {
 public:
  FrameWriter(Env env, libp2p::Stream& stream, Duration frame_time)
      : env_(env), stream_(stream), frame_time_(frame_time) {}

  Task<Result<>> record(RecordPtr record) {
    const Bytes& envelope = record->envelope;
    if (envelope.size() > frame_payload) co_return co_await fragments(envelope);
    LIBP2P_CO_CHECK(co_await make_room(envelope.size()));
    frame_.records.push_back(envelope);
    co_return Result<>{};
  }
  Task<Result<>> status(Bytes envelope) {
    LIBP2P_CO_CHECK(co_await make_room(envelope.size()));
    frame_.statuses.push_back(std::move(envelope));
    co_return Result<>{};
  }
  Task<Result<>> end(AnswerEnd end) {
    LIBP2P_CO_CHECK(co_await flush());
    frame_.end = true;
    frame_.same = end.same;
    frame_.vector = std::move(end.vector);
    if (end.horizon) frame_.horizon = end.horizon->id;
    co_return co_await write();
  }
  Task<Result<>> flush() {
    if (size_ == 0) co_return Result<>{};
    co_return co_await write();
  }

 private:
  static constexpr std::size_t field_overhead = 8;

  Task<Result<>> make_room(std::size_t bytes) {
    if (size_ + bytes + field_overhead > frame_payload) LIBP2P_CO_CHECK(co_await flush());
    size_ += bytes + field_overhead;
    co_return Result<>{};
  }
  // `envelope` is its caller's record's, which the caller's frame keeps.
  Task<Result<>> fragments(BytesView envelope) {
    LIBP2P_CO_CHECK(co_await flush());
    while (!envelope.empty()) {
      const std::size_t size = std::min(envelope.size(), frame_payload);
      frame_.fragment = libp2p::to_bytes(envelope.first(size));
      envelope = envelope.subspan(size);
      frame_.fragment_ends = envelope.empty();
      LIBP2P_CO_CHECK(co_await write());
    }
    co_return Result<>{};
  }
  Task<Result<>> write() {
    const Bytes bytes = std::exchange(frame_, {}).to_bytes();
    size_ = 0;
    const libp2p::DeadlineGuard deadline(env_, frame_time_, [this] { stream_.reset(); });
    co_return co_await libp2p::write_length_prefixed(stream_, bytes);
  }

  Env env_;
  libp2p::Stream& stream_;
  Duration frame_time_;
  PullFrame frame_;
  std::size_t size_ = 0;
};

}  // namespace

bool knows_more(const VersionVector& theirs, const VersionVector& ours) {
  return std::ranges::any_of(theirs, [&](const auto& entry) {
    const auto& [chain, head] = entry;
    const auto mine = ours.find(chain);
    if (mine == ours.end()) return true;
    if (head.fork && (!mine->second.fork || *head.fork < *mine->second.fork)) return true;
    if (mine->second.fork || head.fork) return false;
    return head.seq > mine->second.seq || (head.seq == mine->second.seq && head.id != mine->second.id);
  });
}

Task<Result<>> send_answer(Env env, libp2p::Stream& stream, const Changelog& log, PullRequest request,
                           AnswerEnd end, Liveness liveness) {
  FrameWriter out(env, stream, liveness.frame);
  if (end.horizon_first) LIBP2P_CO_CHECK(co_await out.record(end.horizon));
  if (!request.digest) {
    MissingRecords missing(log, request);
    while (RecordPtr record = missing.next()) {
      const bool block_ended = missing.block_ended();
      LIBP2P_CO_CHECK(co_await out.record(std::move(record)));
      if (block_ended) LIBP2P_CO_CHECK(co_await out.flush());
    }
  }
  for (Bytes& status : std::exchange(end.statuses, {}))
    LIBP2P_CO_CHECK(co_await out.status(std::move(status)));
  co_return co_await out.end(std::move(end));
}

Task<Result<PullFrame>> FrameReader::next() {
  WatchedStream watched(env_, stream_, liveness_.idle);
  while (true) {
    const libp2p::DeadlineGuard deadline(env_, liveness_.frame, [this] { stream_.reset(); });
    LIBP2P_CO_TRY(const Bytes bytes, co_await libp2p::read_length_prefixed(watched, max_received_frame));
    LIBP2P_CO_TRY(PullFrame frame, PullFrame::from_bytes(bytes));
    if (frame.fragment.empty()) co_return frame;
    if (fragments_.size() + frame.fragment.size() > max_envelope_bytes)
      co_return fail(Errc::limit, "fragments of a record of more than 8 MiB");
    libp2p::append(fragments_, frame.fragment);
    frame.fragment.clear();
    if (!frame.fragment_ends && frame.records.empty() && frame.statuses.empty() && !frame.end) continue;
    if (frame.fragment_ends) frame.records.push_back(std::exchange(fragments_, {}));
    co_return frame;
  }
}

}  // namespace starling
