#include "libp2p/security/tls/transport_stream.hpp"

#include <algorithm>
#include <cassert>
#include <optional>

namespace libp2p::tls {
namespace {

class TransportStream final : public Stream {
 public:
  TransportStream(StreamPtr stream, std::unique_ptr<Engine> engine)
      : stream_(std::move(stream)), engine_(std::move(engine)) {}

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    assert(!out.empty());
    for (;;) {
      if (failure_) co_return std::unexpected(*failure_);
      const auto filled = engine_->read(out);
      if (!filled) co_return refuse(filled.error().code, filled.error().message);
      if (*filled) co_return **filled;
      LIBP2P_CO_TRY(const std::size_t size, co_await stream_->read_some(engine_->received().tail()));
      if (size == 0) co_return refuse(Errc::reset, "the connection was cut: its end was not declared");
      engine_->received().arrived(size);
    }
  }

  Task<Result<>> write(BytesView data) override {
    if (write_cut_off_) co_return fail(Errc::reset, "a write before this one was cut off");
    if (write_closed_) co_return fail(Errc::closed, "write after close");
    while (!data.empty()) {
      const BytesView batch = data.first(std::min(data.size(), max_batch));
      data = data.subspan(batch.size());
      LIBP2P_CO_CHECK(co_await pass_down(engine_->write(batch)));
    }
    co_return Result<>{};
  }

  Task<Result<>> close_write() override {
    if (write_cut_off_) co_return fail(Errc::reset, "a write before this one was cut off");
    if (!write_closed_) {
      write_closed_ = true;
      LIBP2P_CO_CHECK(co_await pass_down(engine_->finish()));
    }
    co_return co_await stream_->close_write();
  }

  void reset() override { stream_->reset(); }

 private:
  Task<Result<>> pass_down(Result<BytesView> records) {
    if (!records) {
      stream_->reset();
      co_return fail(records.error().code, "tls: " + records.error().message);
    }
    // Part of a record may have gone out if this fails or is cancelled: no other can follow it.
    write_cut_off_ = true;
    LIBP2P_CO_CHECK(co_await stream_->write(*records));
    write_cut_off_ = false;
    co_return Result<>{};
  }

  std::unexpected<Error> refuse(Errc code, std::string_view message) {
    failure_ = Error{code, "tls: " + std::string(message)};
    stream_->reset();
    return std::unexpected(*failure_);
  }

  StreamPtr stream_;
  std::unique_ptr<Engine> engine_;
  bool write_cut_off_ = false;
  bool write_closed_ = false;
  std::optional<Error> failure_;
};

}  // namespace

StreamPtr make_transport_stream(StreamPtr stream, std::unique_ptr<Engine> engine) {
  return std::make_unique<TransportStream>(std::move(stream), std::move(engine));
}

}  // namespace libp2p::tls
