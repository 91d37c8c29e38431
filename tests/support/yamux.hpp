// Yamux frames by hand, and two multiplexers back to back.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libp2p/base/notifier.hpp"
#include "libp2p/io/stream.hpp"
#include "libp2p/yamux/multiplexer.hpp"

namespace libp2p::test {

struct YamuxFrame {
  yamux::Header header;
  Bytes payload;
};

inline Bytes yamux_frame(yamux::FrameType type, yamux::Flags flags, yamux::StreamId id,
                         std::uint32_t length) {
  return to_bytes(yamux::encode({type, flags, id, length}));
}

inline Bytes yamux_data(yamux::StreamId id, std::string_view payload, yamux::Flags flags = {}) {
  Bytes bytes = yamux_frame(yamux::FrameType::data, flags, id, static_cast<std::uint32_t>(payload.size()));
  append(bytes, as_bytes(payload));
  return bytes;
}

inline Bytes yamux_window(yamux::StreamId id, std::uint32_t delta, yamux::Flags flags = {}) {
  return yamux_frame(yamux::FrameType::window_update, flags, id, delta);
}

inline Bytes yamux_ping(yamux::Flags flags, std::uint32_t value) {
  return yamux_frame(yamux::FrameType::ping, flags, 0, value);
}

inline Bytes yamux_go_away(std::uint32_t code) { return yamux_frame(yamux::FrameType::go_away, {}, 0, code); }

// Whole frames only; what is left of a frame that is cut short is dropped.
inline std::vector<YamuxFrame> yamux_frames(BytesView bytes) {
  std::vector<YamuxFrame> frames;
  while (bytes.size() >= yamux::header_size) {
    YamuxFrame frame{yamux::decode_header(bytes.first<yamux::header_size>()).value(), {}};
    bytes = bytes.subspan(yamux::header_size);
    if (frame.header.type == yamux::FrameType::data) {
      if (bytes.size() < frame.header.length) break;
      frame.payload = to_bytes(bytes.first(frame.header.length));
      bytes = bytes.subspan(frame.header.length);
    }
    frames.push_back(std::move(frame));
  }
  return frames;
}

// Moves what one has to say to the other until both are silent.
inline void exchange(yamux::Multiplexer& a, yamux::Multiplexer& b, Instant now) {
  Bytes batch;
  for (bool moved = true; moved;) {
    moved = false;
    for (auto [from, to] : {std::pair(&a, &b), std::pair(&b, &a)}) {
      from->take_output(batch, now);
      for (BytesView rest = batch; !rest.empty(); moved = true) rest = rest.subspan(to->receive(rest, now));
    }
  }
}

// One direction of a path that delays what it carries, and carries any amount.
struct DelayLine {
  DelayLine(Env e, Duration d) : env(e), delay(d), changed(e.executor) {}
  Env env;
  Duration delay;
  std::deque<std::pair<Instant, Bytes>> bytes;  // with when they come
  std::size_t taken = 0;                        // of the first
  bool closed = false;
  bool broken = false;
  Notifier changed;
};

class DelayedStream final : public Stream {
 public:
  DelayedStream(std::shared_ptr<DelayLine> in, std::shared_ptr<DelayLine> out)
      : in_(std::move(in)), out_(std::move(out)) {}
  ~DelayedStream() override { DelayedStream::reset(); }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    const std::shared_ptr<DelayLine> line = in_;
    for (;;) {
      if (line->broken) co_return fail(Errc::reset, "the path broke");
      if (line->bytes.empty()) {
        if (line->closed) co_return 0;
        co_await line->changed.wait();
      } else if (line->bytes.front().first > line->env.now()) {
        (void)co_await line->changed.wait_until(line->env, line->bytes.front().first);
      } else {
        const BytesView rest = BytesView(line->bytes.front().second).subspan(line->taken);
        const std::size_t size = std::min(rest.size(), out.size());
        std::copy_n(rest.begin(), size, out.begin());
        line->taken += size;
        if (size == rest.size()) {
          line->bytes.pop_front();
          line->taken = 0;
        }
        co_return size;
      }
    }
  }
  Task<Result<>> write(BytesView data) override {
    if (out_->broken) co_return fail(Errc::reset, "the path broke");
    out_->bytes.emplace_back(out_->env.now() + out_->delay, to_bytes(data));
    out_->changed.notify_all();
    co_return Result<>{};
  }
  Task<Result<>> close_write() override {
    out_->closed = true;
    out_->changed.notify_all();
    co_return Result<>{};
  }
  void reset() override {
    for (const auto& line : {in_, out_}) {
      line->broken = line == in_ || !line->closed;
      line->changed.notify_all();
    }
  }

 private:
  std::shared_ptr<DelayLine> in_;
  std::shared_ptr<DelayLine> out_;
};

inline std::pair<StreamPtr, StreamPtr> make_delayed_pair(Env env, Duration one_way) {
  auto there = std::make_shared<DelayLine>(env, one_way);
  auto back = std::make_shared<DelayLine>(env, one_way);
  return {std::make_unique<DelayedStream>(back, there), std::make_unique<DelayedStream>(there, back)};
}

}  // namespace libp2p::test
