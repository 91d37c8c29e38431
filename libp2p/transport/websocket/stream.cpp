#include "libp2p/transport/websocket/stream.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <optional>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/notifier.hpp"

namespace libp2p::websocket {
namespace {

// A frame's payload at most, and how many frames go to the stream below in one write: each write costs, and
// whoever takes messages whole needn't hold more than a frame.
constexpr std::size_t chunk_size = 64UZ * 1024;
constexpr std::size_t frames_at_once = 4;
// Reads for less go through a buffer of that size, or each header would be read byte by byte.
constexpr std::size_t small_read = 4UZ * 1024;
constexpr std::size_t least_buffered = 1024;
constexpr std::size_t most_buffered = frames_at_once * (chunk_size + max_header_size);
// After so many small writes in a row a transfer is over, and its memory is given back.
constexpr unsigned quiet_writes = 8;

class WebsocketStream final : public Stream {
 public:
  WebsocketStream(Env env, StreamPtr below, Role role, Bytes early, const StreamConfig& config)
      : env_(env),
        below_(std::move(below)),
        role_(role),
        reply_timeout_(config.reply_timeout),
        decoder_(role, config.limits),
        staged_(std::move(early)),
        writable_(env.executor) {
    staged_end_ = decoder_.decode(staged_, env_.now());
  }
  ~WebsocketStream() override { below_->reset(); }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    assert(!out.empty());
    for (;;) {
      if (const std::size_t size = take_staged(out); size > 0) co_return size;
      // Not before what had arrived is given out, and before reading on: the caller may be cancelled here.
      if (decoder_.has_reply() && !writing_) co_await reply_while_reading();
      if (const auto& failure = decoder_.failure())
        co_return fail(Errc::protocol, "websocket: " + failure->message);
      if (decoder_.closed()) co_return std::size_t{0};
      const bool direct = out.size() >= small_read;
      const MutableBytes room = direct ? out : staging();
      LIBP2P_CO_TRY(const std::size_t arrived, co_await below_->read_some(room));
      if (arrived == 0) co_return fail(Errc::reset, "the connection ended without a close frame");
      const std::size_t size = decoder_.decode(room.first(arrived), env_.now());
      if (direct && size > 0) co_return size;
      if (!direct) staged_end_ = size;
    }
  }

  Task<Result<>> write(BytesView data) override {
    while (writing_) co_await writable_.wait();
    Turn turn(*this);
    while (!data.empty()) {
      if (decoder_.has_reply()) LIBP2P_CO_CHECK(co_await send_replies());
      if (auto writable = check_writable(); !writable) {
        turn.finish();
        co_return writable;
      }
      const BytesView batch = data.first(std::min(data.size(), frames_at_once * chunk_size));
      LIBP2P_CO_CHECK(co_await send(Opcode::binary, batch));
      data = data.subspan(batch.size());
    }
    if (decoder_.has_reply()) LIBP2P_CO_CHECK(co_await send_replies());
    turn.finish();
    co_return Result<>{};
  }

  Task<Result<>> close_write() override {
    while (writing_) co_await writable_.wait();
    if (close_sent_) co_return Result<>{};
    if (auto writable = check_writable(); !writable && (cut_off_ || !decoder_.closed())) co_return writable;
    Turn turn(*this);
    Bytes normal(sizeof(std::uint16_t));
    store_be(static_cast<std::uint16_t>(CloseCode::normal), normal.data());
    LIBP2P_CO_CHECK(co_await send(Opcode::close, normal));
    LIBP2P_CO_CHECK(co_await send_replies());
    turn.finish();
    co_return Result<>{};
  }

  void reset() override { below_->reset(); }

 private:
  // As long as somebody writes to the stream below. What is left in the middle, by an error or by being
  // cancelled, can't be gone on with.
  class Turn {
   public:
    explicit Turn(WebsocketStream& stream) noexcept : stream_(stream) { stream_.writing_ = true; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      stream_.cut_off_ = stream_.cut_off_ || !finished_;
      stream_.writing_ = false;
      stream_.writable_.notify_all();
    }
    void finish() noexcept { finished_ = true; }

   private:
    WebsocketStream& stream_;
    bool finished_ = false;
  };

  [[nodiscard]] Result<> check_writable() const {
    if (cut_off_) return fail(Errc::reset, "a write before this one was cut off");
    if (const auto& failure = decoder_.failure())
      return fail(Errc::protocol, "websocket: " + failure->message);
    if (close_sent_ || decoder_.closed()) return fail(Errc::closed, "write after close");
    return {};
  }

  // Within a Turn; at most frames_at_once of them.
  Task<Result<>> send(Opcode opcode, BytesView payload) {
    make_room(payload.size() + frames_at_once * max_header_size);
    std::uint8_t* at = sending_.data();
    do {
      const BytesView chunk = payload.first(std::min(payload.size(), chunk_size));
      payload = payload.subspan(chunk.size());
      std::optional<MaskKey> key;
      if (role_ == Role::client) env_.random.fill(key.emplace());
      write_frame(opcode, chunk, key, at);
      at += frame_size(chunk.size(), key.has_value());
    } while (!payload.empty());
    if (opcode == Opcode::close) close_sent_ = true;
    return below_->write(BytesView(sending_).first(static_cast<std::size_t>(at - sending_.data())));
  }
  void make_room(std::size_t size) {
    small_writes_ = size <= least_buffered ? small_writes_ + 1 : 0;
    if (small_writes_ >= quiet_writes && sending_.size() > least_buffered) sending_ = Bytes(least_buffered);
    if (sending_.size() < size) {
      sending_.resize(std::clamp(std::bit_ceil(size), least_buffered, most_buffered));
    }
  }

  // Within a Turn. Once both have sent their close frame, and once ours tells of a failure, nothing follows.
  Task<Result<>> send_replies() {
    while (auto reply = decoder_.take_reply()) {
      if (!close_sent_ && !cut_off_) LIBP2P_CO_CHECK(co_await send(reply->opcode, reply->payload));
    }
    if (close_sent_ && (decoder_.closed() || decoder_.failure())) co_return co_await below_->close_write();
    co_return Result<>{};
  }

  // A reply that can't be sent is for those to notice who write.
  Task<> reply_while_reading() {
    Turn turn(*this);
    const DeadlineGuard deadline(env_, reply_timeout_, [this] { below_->reset(); });
    if (co_await send_replies()) turn.finish();
  }

  MutableBytes staging() {
    staged_.resize(small_read);
    staged_begin_ = 0;
    staged_end_ = 0;
    return staged_;
  }
  std::size_t take_staged(MutableBytes out) noexcept {
    const std::size_t size = std::min(out.size(), staged_end_ - staged_begin_);
    std::copy_n(staged_.begin() + static_cast<std::ptrdiff_t>(staged_begin_), size, out.begin());
    staged_begin_ += size;
    return size;
  }

  Env env_;
  StreamPtr below_;
  Role role_;
  Duration reply_timeout_;
  FrameDecoder decoder_;
  Bytes staged_;  // data of small reads; what is unread lies between these two
  std::size_t staged_begin_ = 0;
  std::size_t staged_end_ = 0;
  Bytes sending_;
  unsigned small_writes_ = 0;
  bool writing_ = false;
  bool close_sent_ = false;
  bool cut_off_ = false;
  Notifier writable_;
};

}  // namespace

StreamPtr make_stream(Env env, StreamPtr below, Role role, Bytes early, StreamConfig config) {
  return std::make_unique<WebsocketStream>(env, std::move(below), role, std::move(early), config);
}

}  // namespace libp2p::websocket
