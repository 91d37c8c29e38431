#include "libp2p/swarm/metered_stream.hpp"

namespace libp2p::swarm {
namespace {

class MeteredStream final : public Stream {
 public:
  MeteredStream(StreamPtr stream, ConnectionPtr connection, std::size_t max_bytes)
      : stream_(std::move(stream)), connection_(std::move(connection)), max_bytes_(max_bytes) {}

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    LIBP2P_CO_TRY(const std::size_t got, co_await stream_->read_some(out));
    if (!connection_->restricted) co_return got;
    connection_->restricted_bytes += got;
    if (connection_->restricted_bytes > max_bytes_) {
      Error error{Errc::limit,
                  "more than " + std::to_string(max_bytes_) + " bytes from a peer that isn't admitted"};
      connection_->close(error);
      co_return std::unexpected(std::move(error));
    }
    co_return got;
  }
  Task<Result<>> write(BytesView data) override { return stream_->write(data); }
  Task<Result<>> close_write() override { return stream_->close_write(); }
  void reset() override { stream_->reset(); }

 private:
  StreamPtr stream_;
  ConnectionPtr connection_;
  std::size_t max_bytes_;
};

}  // namespace

StreamPtr meter_stream(StreamPtr stream, ConnectionPtr connection, std::size_t max_bytes) {
  return std::make_unique<MeteredStream>(std::move(stream), std::move(connection), max_bytes);
}

}  // namespace libp2p::swarm
