#include "libp2p/security/noise/transport_stream.hpp"

#include <algorithm>
#include <cassert>
#include <optional>

#include "libp2p/io/traffic_buffers.hpp"

namespace libp2p::noise {
namespace {

constexpr std::size_t length_size = 2;
constexpr std::size_t tag_size = CipherState::tag_size;
constexpr std::size_t max_frame_size = length_size + max_message_size;
constexpr std::size_t frames_at_once = 4;
constexpr std::size_t most_buffered = frames_at_once * max_frame_size;

// The ciphertext of the next frame, once all of it has arrived.
std::optional<MutableBytes> next_frame(MutableBytes unread) noexcept {
  if (unread.size() < length_size) return std::nullopt;
  const std::size_t length = load_be<std::uint16_t>(unread.data());
  if (unread.size() - length_size < length) return std::nullopt;
  return unread.subspan(length_size, length);
}

class TransportStream final : public Stream {
 public:
  TransportStream(StreamPtr stream, TransportCiphers ciphers)
      : stream_(std::move(stream)), ciphers_(std::move(ciphers)) {}

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    assert(!out.empty());
    for (;;) {
      if (const std::size_t size = deliver(out); size > 0) co_return size;
      if (failure_) co_return std::unexpected(*failure_);
      LIBP2P_CO_TRY(const std::size_t size, co_await stream_->read_some(received_.tail()));
      if (size == 0 && received_.unread().empty()) co_return 0;
      if (size == 0) refuse(Errc::reset, "the connection was cut in the middle of a frame");
      received_.arrived(size);
    }
  }

  Task<Result<>> write(BytesView data) override {
    if (write_cut_off_) co_return fail(Errc::reset, "a write before this one was cut off");
    while (!data.empty()) {
      const BytesView batch = data.first(std::min(data.size(), frames_at_once * max_frame_plaintext));
      data = data.subspan(batch.size());
      auto frames = seal(batch);
      if (!frames) {
        stream_->reset();
        co_return std::unexpected(std::move(frames).error());
      }
      // Part of a frame may have gone out if this fails or is cancelled: no other can follow it.
      write_cut_off_ = true;
      LIBP2P_CO_CHECK(co_await stream_->write(*frames));
      write_cut_off_ = false;
    }
    co_return Result<>{};
  }

  Task<Result<>> close_write() override { return stream_->close_write(); }
  void reset() override { stream_->reset(); }

 private:
  Result<BytesView> seal(BytesView plaintext) {
    const std::size_t frames = (plaintext.size() + max_frame_plaintext - 1) / max_frame_plaintext;
    const MutableBytes out = sending_.room(plaintext.size() + frames * (length_size + tag_size));
    std::uint8_t* at = out.data();
    while (!plaintext.empty()) {
      const BytesView piece = plaintext.first(std::min(plaintext.size(), max_frame_plaintext));
      const std::size_t length = piece.size() + tag_size;
      store_be(static_cast<std::uint16_t>(length), at);
      LIBP2P_CHECK(ciphers_.send.seal({}, piece, {at + length_size, length}));
      at += length_size + length;
      plaintext = plaintext.subspan(piece.size());
    }
    return out;
  }

  // Fills `out` from what has arrived; returns how far.
  std::size_t deliver(MutableBytes out) {
    std::size_t filled = take_decrypted(out);
    while (filled < out.size() && !failure_ && decrypted_.empty()) {
      const auto frame = next_frame(received_.unread());
      if (!frame) break;
      if (frame->size() < tag_size) {
        refuse(Errc::protocol, "a frame of " + std::to_string(frame->size()) + " bytes");
        break;
      }
      const std::size_t size = frame->size() - tag_size;
      const bool fits = size <= out.size() - filled;
      // It can go straight to where the next read wants it.
      if (!fits && filled > 0) break;
      received_.pass_over(length_size + frame->size());
      const MutableBytes plaintext = fits ? out.subspan(filled, size) : frame->first(size);
      if (auto opened = ciphers_.receive.open({}, *frame, plaintext); !opened) {
        refuse(opened.error().code, opened.error().message);
        break;
      }
      if (fits) {
        filled += size;
      } else {
        decrypted_ = plaintext;
        filled += take_decrypted(out.subspan(filled));
      }
    }
    return filled;
  }

  // From the frame that was decrypted where it lay, because it was larger than what was asked for.
  std::size_t take_decrypted(MutableBytes out) noexcept {
    const std::size_t size = std::min(out.size(), decrypted_.size());
    std::ranges::copy(decrypted_.first(size), out.begin());
    decrypted_ = decrypted_.subspan(size);
    return size;
  }

  void refuse(Errc code, std::string message) {
    failure_ = Error{code, "noise: " + std::move(message)};
    stream_->reset();
  }

  StreamPtr stream_;
  TransportCiphers ciphers_;
  SendBuffer sending_{most_buffered};
  bool write_cut_off_ = false;
  ReceiveBuffer received_{most_buffered};
  BytesView decrypted_;  // points into received_, which is not refilled before this is empty
  std::optional<Error> failure_;
};

}  // namespace

StreamPtr make_transport_stream(StreamPtr stream, TransportCiphers ciphers) {
  return std::make_unique<TransportStream>(std::move(stream), std::move(ciphers));
}

}  // namespace libp2p::noise
