#include <algorithm>
#include <optional>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/multistream/line.hpp"
#include "libp2p/multistream/negotiate.hpp"
#include "libp2p/multistream/read_answer.hpp"

namespace libp2p {
namespace {

// Owned by whoever dialled. Its states: the proposal is unsent, being sent (by the one who first wrote, read
// or closed) or sent; and, apart from that, the answer is due or has come.
class LazyStream final : public Stream {
 public:
  LazyStream(Env env, StreamPtr stream, std::string protocol, const NegotiationLimits& limits)
      : env_(env),
        stream_(std::move(stream)),
        protocol_(std::move(protocol)),
        timeout_(limits.timeout),
        answer_(protocol_, true),
        sent_(env.executor) {}

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    return agreed_ ? stream_->read_some(out) : read_after_answer(out);
  }

  Task<Result<>> write(BytesView data) override {
    return proposal_ == Proposal::sent && !failure_ ? stream_->write(data) : write_after_proposal(data);
  }

  Task<Result<>> close_write() override {
    LIBP2P_CO_CHECK(co_await write_after_proposal({}));
    co_return co_await stream_->close_write();
  }

  void reset() override { stream_->reset(); }

 private:
  enum class Proposal : std::uint8_t { unsent, being_sent, sent };

  // As long as the proposal is being sent. Cancelled in the middle of it, the stream is of no use to anybody.
  class Attempt {
   public:
    explicit Attempt(LazyStream& stream) noexcept : stream_(stream) {
      stream_.proposal_ = Proposal::being_sent;
    }
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt() {
      if (!finished_) stream_.give_up({Errc::reset, "the proposal of " + stream_.protocol_ + " was cut off"});
      stream_.proposal_ = Proposal::sent;
      stream_.sent_.notify_all();
    }
    void finish() noexcept { finished_ = true; }

   private:
    LazyStream& stream_;
    bool finished_ = false;
  };

  Task<Result<std::size_t>> read_after_answer(MutableBytes out) {
    if (failure_) co_return std::unexpected(*failure_);
    if (auto agreed = co_await wait_for_answer(); !agreed) {
      give_up(std::move(agreed).error());
      co_return std::unexpected(*failure_);
    }
    agreed_ = true;
    co_return co_await stream_->read_some(out);
  }

  Task<Result<>> wait_for_answer() {
    const DeadlineGuard guard(env_, timeout_, [this] {
      give_up({Errc::timeout, "waiting for the other side to agree on " + protocol_});
    });
    // While a writer is sending it there is nothing to wait for: reading and writing are independent.
    if (proposal_ == Proposal::unsent) LIBP2P_CO_CHECK(co_await send_proposal({}));
    auto agreed = co_await read_answer(*stream_, answer_);
    if (failure_) co_return std::unexpected(*failure_);
    if (!agreed) co_return fail_in("proposing " + protocol_, std::move(agreed).error());
    if (!*agreed) co_return fail(Errc::not_supported, "the other side does not speak " + protocol_);
    co_return Result<>{};
  }

  Task<Result<>> write_after_proposal(BytesView data) {
    while (proposal_ == Proposal::being_sent && !failure_) co_await sent_.wait();  // a reader sends it
    if (failure_) co_return std::unexpected(*failure_);
    if (proposal_ == Proposal::unsent) co_return co_await send_proposal(data);
    co_return co_await stream_->write(data);
  }

  // Sends the proposal and `data` behind it, together as far as a copy is worth a message saved.
  Task<Result<>> send_proposal(BytesView data) {
    constexpr std::size_t worth_copying = 16UZ * 1024;
    Attempt attempt(*this);
    Bytes first = to_bytes(multistream_line(multistream_id) + multistream_line(protocol_));
    const std::size_t along = std::min(data.size(), worth_copying);
    append(first, data.first(along));
    auto written = co_await stream_->write(first);
    if (written && along < data.size()) written = co_await stream_->write(data.subspan(along));
    attempt.finish();
    if (!written) give_up(written.error());
    co_return written;
  }

  // The first failure is the one that says why.
  void give_up(Error error) {
    if (!failure_) failure_ = std::move(error);
    stream_->reset();
  }

  Env env_;
  StreamPtr stream_;
  std::string protocol_;
  Duration timeout_;
  AnswerMatcher answer_;
  Proposal proposal_ = Proposal::unsent;
  bool agreed_ = false;
  std::optional<Error> failure_;
  Notifier sent_;
};

}  // namespace

StreamPtr lazy_select(Env env, StreamPtr stream, std::string protocol, NegotiationLimits limits) {
  return std::make_unique<LazyStream>(env, std::move(stream), std::move(protocol), limits);
}

}  // namespace libp2p
