// A QUIC connection as the swarm sees it.
#pragma once

#include "libp2p/transport/quic/connection_core.hpp"

namespace libp2p::quic {

inline constexpr std::string_view tls_protocol_id = "/tls/1.0.0";
inline constexpr std::string_view quic_protocol_id = "/quic-v1";

// Of an established core. Dropping it closes the connection.
class QuicConnection final : public MuxedConnection {
 public:
  explicit QuicConnection(std::shared_ptr<ConnectionCore> core);
  ~QuicConnection() override;

  [[nodiscard]] const PeerId& remote_peer() const override { return peer_; }
  [[nodiscard]] const PublicKey& remote_key() const override { return key_; }
  [[nodiscard]] const Multiaddr& local() const override { return local_; }
  [[nodiscard]] const Multiaddr& remote() const override { return remote_; }
  [[nodiscard]] std::string_view security() const override { return tls_protocol_id; }
  [[nodiscard]] std::string_view muxer() const override { return quic_protocol_id; }
  [[nodiscard]] bool early_muxer() const override { return false; }

  void draw_from(std::shared_ptr<MemoryBudget> memory) override { core_->draw_from(std::move(memory)); }
  [[nodiscard]] Task<Result<StreamPtr>> open_stream() override { return ConnectionCore::open_stream(core_); }
  [[nodiscard]] Task<Result<StreamPtr>> accept_stream() override {
    return ConnectionCore::accept_stream(core_);
  }
  [[nodiscard]] std::size_t stream_count() const override { return core_->session().stream_count(); }
  [[nodiscard]] std::optional<Duration> rtt() const override { return core_->session().rtt(); }
  [[nodiscard]] std::uint64_t bytes_in() const override { return core_->bytes_in(); }
  [[nodiscard]] std::uint64_t bytes_out() const override { return core_->bytes_out(); }
  void close() override;
  [[nodiscard]] Task<Error> wait_closed() override { return ConnectionCore::wait_closed(core_); }
  [[nodiscard]] Task<> stop() override;

 private:
  std::shared_ptr<ConnectionCore> core_;
  PublicKey key_;
  PeerId peer_;
  Multiaddr local_;
  Multiaddr remote_;
};

}  // namespace libp2p::quic
