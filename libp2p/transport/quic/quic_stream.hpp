// The handle of one stream of a QUIC connection.
#pragma once

#include "libp2p/transport/quic/connection_core.hpp"

namespace libp2p::quic {

// Owned by the stream's user. What waits in it keeps alive what it needs, so the handle may be dropped
// meanwhile: the wait then fails with Errc::reset.
class QuicStream final : public Stream {
 public:
  QuicStream(std::shared_ptr<ConnectionCore> core, StreamStatePtr state)
      : core_(std::move(core)), state_(std::move(state)) {}
  ~QuicStream() override { core_->release(*state_); }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    return ConnectionCore::read(core_, state_, out);
  }
  Task<Result<>> write(BytesView data) override { return ConnectionCore::write(core_, state_, data); }
  Task<Result<>> close_write() override { co_return core_->close_write(*state_); }
  void reset() override { core_->reset(*state_); }

 private:
  std::shared_ptr<ConnectionCore> core_;
  StreamStatePtr state_;
};

}  // namespace libp2p::quic
