// What the upgrader makes.
#pragma once

#include "libp2p/io/secure_stream.hpp"
#include "libp2p/transport/transport.hpp"
#include "libp2p/yamux/session.hpp"

namespace libp2p {

inline constexpr std::string_view yamux_protocol_id = "/yamux/1.0.0";

// The session starts with the first call that needs it: a connection that the gater refuses has sent no byte
// of its muxer.
class UpgradedConnection final : public MuxedConnection {
 public:
  // `security` is the id of the protocol that secured it, as one of the constants.
  UpgradedConnection(Env env, SecuredConnection secured, std::string_view security, YamuxRole role,
                     const YamuxConfig& config, Multiaddr local, Multiaddr remote);

  [[nodiscard]] const PeerId& remote_peer() const override { return peer_; }
  [[nodiscard]] const PublicKey& remote_key() const override { return key_; }
  [[nodiscard]] const Multiaddr& local() const override { return local_; }
  [[nodiscard]] const Multiaddr& remote() const override { return remote_; }
  [[nodiscard]] std::string_view security() const override { return security_; }
  [[nodiscard]] std::string_view muxer() const override { return yamux_protocol_id; }
  [[nodiscard]] bool early_muxer() const override { return early_muxer_; }

  void draw_from(std::shared_ptr<MemoryBudget> memory) override { session_.draw_from(std::move(memory)); }
  [[nodiscard]] Task<Result<StreamPtr>> open_stream() override;
  [[nodiscard]] Task<Result<StreamPtr>> accept_stream() override;
  [[nodiscard]] std::size_t stream_count() const override { return session_.stream_count(); }
  [[nodiscard]] std::optional<Duration> rtt() const override { return session_.rtt(); }
  [[nodiscard]] std::uint64_t bytes_in() const override { return session_.counters().bytes_in; }
  [[nodiscard]] std::uint64_t bytes_out() const override { return session_.counters().bytes_out; }
  void close() override { session_.close(); }
  [[nodiscard]] Task<Error> wait_closed() override;
  [[nodiscard]] Task<> stop() override { return session_.stop(); }

 private:
  PeerId peer_;
  PublicKey key_;
  Multiaddr local_;
  Multiaddr remote_;
  std::string_view security_;
  bool early_muxer_;
  YamuxSession session_;
};

}  // namespace libp2p
