#include "libp2p/swarm/accounted_stream.hpp"

#include <utility>

namespace libp2p::swarm {
namespace {

class AccountedStream final : public Stream {
 public:
  AccountedStream(StreamPtr stream, std::shared_ptr<StreamAccount> account)
      : account_(std::move(account)), stream_(std::move(stream)) {}

  Task<Result<std::size_t>> read_some(MutableBytes out) override { return stream_->read_some(out); }
  Task<Result<>> write(BytesView data) override { return stream_->write(data); }
  Task<Result<>> close_write() override { return stream_->close_write(); }
  void reset() override { stream_->reset(); }

 private:
  std::shared_ptr<StreamAccount> account_;  // outlives the stream
  StreamPtr stream_;
};

}  // namespace

StreamPtr account_stream(StreamPtr stream, std::shared_ptr<StreamAccount> account) {
  return std::make_unique<AccountedStream>(std::move(stream), std::move(account));
}

}  // namespace libp2p::swarm
