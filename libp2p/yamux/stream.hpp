// The handle of one stream of a session.
#pragma once

#include <memory>
#include <utility>

#include "libp2p/io/stream.hpp"
#include "libp2p/yamux/session_core.hpp"

namespace libp2p::yamux {

// Owned by the stream's user. What waits in it keeps alive what it needs, so the handle may be dropped
// meanwhile: the wait then fails with Errc::reset.
class YamuxStream final : public Stream {
 public:
  YamuxStream(std::shared_ptr<SessionCore> core, SubstreamPtr substream)
      : core_(std::move(core)), substream_(std::move(substream)) {}
  ~YamuxStream() override { core_->release(*substream_); }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    return SessionCore::read(core_, substream_, out);
  }
  Task<Result<>> write(BytesView data) override { return SessionCore::write(core_, substream_, data); }
  Task<Result<>> close_write() override { co_return core_->close_write(*substream_); }
  void reset() override { core_->reset(*substream_); }

 private:
  std::shared_ptr<SessionCore> core_;
  SubstreamPtr substream_;
};

}  // namespace libp2p::yamux
