#include "libp2p/security/pnet/private_stream.hpp"

#include <algorithm>
#include <cassert>
#include <optional>

#include "libp2p/base/notifier.hpp"
#include "libp2p/security/pnet/xsalsa20.hpp"

namespace libp2p::pnet {
namespace {

constexpr std::size_t nonce_bytes = XSalsa20::nonce_bytes;
constexpr std::size_t chunk_bytes = 64UZ * 1024;
// Random bytes that begin with as much of something expected aren't random.
constexpr std::size_t no_coincidence = 16;

using Nonce = std::array<std::uint8_t, nonce_bytes>;

Nonce draw_nonce(Random& random) {
  Nonce nonce{};
  random.fill(nonce);
  return nonce;
}

class PrivateStream final : public Stream {
 public:
  PrivateStream(Env env, StreamPtr stream, const PreSharedKey& key, std::string expected_first)
      : stream_(std::move(stream)),
        key_(key),
        expected_first_(std::move(expected_first)),
        own_nonce_(draw_nonce(env.random)),
        sending_(key_, own_nonce_),
        reader_has_sent_(env.executor) {}

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    assert(!out.empty());
    if (!understood()) co_return co_await read_first(out);
    LIBP2P_CO_TRY(const std::size_t size, co_await stream_->read_some(out));
    receiving_->apply(out.first(size));
    co_return size;
  }

  Task<Result<>> write(BytesView data) override {
    while (reader_sends_) co_await reader_has_sent_.wait();
    co_return co_await send(data);
  }

  Task<Result<>> close_write() override {
    while (reader_sends_) co_await reader_has_sent_.wait();
    co_return co_await stream_->close_write();
  }

  void reset() override { stream_->reset(); }

 private:
  // As long as a reader sends our nonce. Cancelled in the middle of it, nothing can be written any more.
  class SendingByReader {
   public:
    explicit SendingByReader(PrivateStream& stream) noexcept : stream_(stream) {
      stream_.reader_sends_ = true;
    }
    SendingByReader(const SendingByReader&) = delete;
    SendingByReader& operator=(const SendingByReader&) = delete;
    ~SendingByReader() {
      if (stream_.write_cut_off_) stream_.stream_->reset();
      stream_.reader_sends_ = false;
      stream_.reader_has_sent_.notify_all();
    }

   private:
    PrivateStream& stream_;
  };

  [[nodiscard]] bool understood() const noexcept {
    return receiving_ && greeted_ == expected_first_.size() && !failure_;
  }

  // Until the other side has shown that it has the key.
  Task<Result<std::size_t>> read_first(MutableBytes out) {
    if (failure_) co_return std::unexpected(*failure_);
    if (!own_nonce_sent_) {
      const SendingByReader turn(*this);
      LIBP2P_CO_CHECK(co_await send({}));
    }
    if (!receiving_) LIBP2P_CO_CHECK(co_await read_nonce());
    const auto got = co_await stream_->read_some(out);
    if (!got || *got == 0) {
      if (greeted_ == 0 && !expected_first_.empty()) co_return cut_off(got);
      co_return got;
    }
    const MutableBytes data = out.first(*got);
    receiving_->apply(data);
    const BytesView due = as_bytes(expected_first_).subspan(greeted_);
    const std::size_t compared = std::min(due.size(), data.size());
    if (!equal(due.first(compared), data.first(compared))) {
      co_return refuse("has another pre-shared key, or none");
    }
    greeted_ += compared;
    co_return *got;
  }

  Task<Result<>> read_nonce() {
    while (nonce_got_ < nonce_bytes) {
      const auto got = co_await stream_->read_some(MutableBytes(their_nonce_).subspan(nonce_got_));
      if (!got || *got == 0) co_return cut_off(got);
      nonce_got_ += *got;
      const std::size_t size = expected_first_.size();
      if (size >= no_coincidence && size <= nonce_got_ &&
          equal(BytesView(their_nonce_).first(size), as_bytes(expected_first_))) {
        co_return refuse("speaks in the clear: it has no pre-shared key");
      }
    }
    receiving_.emplace(key_, their_nonce_);
    co_return Result<>{};
  }

  Task<Result<>> send(BytesView data) {
    if (write_cut_off_) co_return fail(Errc::reset, "a write before this one was cut off");
    const std::size_t most = std::min(nonce_bytes + data.size(), chunk_bytes);
    const auto buffer = std::make_unique_for_overwrite<std::uint8_t[]>(most);
    do {
      const BytesView nonce = own_nonce_sent_ ? BytesView{} : BytesView(own_nonce_);
      const BytesView piece = data.first(std::min(data.size(), most - nonce.size()));
      const MutableBytes out(buffer.get(), nonce.size() + piece.size());
      std::ranges::copy(nonce, out.begin());
      sending_.apply(piece, out.subspan(nonce.size()));
      own_nonce_sent_ = true;
      // Part of it may have gone out if this fails or is cancelled: nothing can follow it.
      write_cut_off_ = true;
      LIBP2P_CO_CHECK(co_await stream_->write(out));
      write_cut_off_ = false;
      data = data.subspan(piece.size());
    } while (!data.empty());
    co_return Result<>{};
  }

  std::unexpected<Error> refuse(std::string_view what) {
    failure_ = Error{Errc::crypto, "private network: the other side " + std::string(what)};
    stream_->reset();
    return std::unexpected(*failure_);
  }

  // The other side went before it said anything that we understood.
  std::unexpected<Error> cut_off(const Result<std::size_t>& got) {
    const Error why = got ? Error{Errc::closed, "closed"} : got.error();
    failure_ = Error{why.code, "private network: the other side went without a word (" + why.message +
                                   "): it may have another pre-shared key, or none"};
    return std::unexpected(*failure_);
  }

  StreamPtr stream_;
  PreSharedKey key_;
  std::string expected_first_;
  Nonce own_nonce_;
  XSalsa20 sending_;
  bool own_nonce_sent_ = false;  // or being sent
  bool write_cut_off_ = false;
  bool reader_sends_ = false;
  Notifier reader_has_sent_;

  Nonce their_nonce_{};
  std::size_t nonce_got_ = 0;
  std::optional<XSalsa20> receiving_;
  std::size_t greeted_ = 0;  // bytes of expected_first_ that have come
  std::optional<Error> failure_;
};

}  // namespace

StreamPtr make_private_stream(Env env, StreamPtr stream, const PreSharedKey& key,
                              std::string expected_first) {
  return std::make_unique<PrivateStream>(env, std::move(stream), key, std::move(expected_first));
}

}  // namespace libp2p::pnet
