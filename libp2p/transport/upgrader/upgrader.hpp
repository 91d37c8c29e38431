// Makes a connection that carries bytes into one whose peer is proven and that carries streams
// (connections/README.md, Upgrading Connections): Noise, then Yamux.
#pragma once

#include <memory>
#include <optional>

#include "libp2p/crypto/keys.hpp"
#include "libp2p/security/noise/noise.hpp"
#include "libp2p/transport/transport.hpp"
#include "libp2p/yamux/config.hpp"

namespace libp2p {

struct UpgraderConfig {
  bool early_muxer = true;  // agree on the muxer inside the handshake, where the other side can
  Duration timeout = std::chrono::seconds(10);  // for each of its steps
  YamuxConfig yamux;
};

// Shared by all transports of a peer.
class Upgrader {
 public:
  Upgrader(Env env, const PrivateKey& identity, UpgraderConfig config = {});

  // As dialer: security is proposed together with the first handshake message, so a connection costs two
  // round trips beyond that of its transport, or one where the first bytes of a stream count. Errors: those
  // of multistream-select and of Noise. A peer that refuses the muxer is noticed when the connection is used.
  [[nodiscard]] Task<Result<std::unique_ptr<MuxedConnection>>> upgrade_outbound(
      ByteConnection connection, std::optional<PeerId> expected) const;
  [[nodiscard]] Task<Result<std::unique_ptr<MuxedConnection>>> upgrade_inbound(
      ByteConnection connection) const;

 private:
  [[nodiscard]] NoiseOptions noise_options() const;

  Env env_;
  Result<NoiseIdentity> identity_;
  UpgraderConfig config_;
};

// A byte transport with an upgrader on top.
class UpgradedTransport final : public Transport {
 public:
  UpgradedTransport(std::unique_ptr<ByteTransport> below, std::shared_ptr<const Upgrader> upgrader)
      : below_(std::move(below)), upgrader_(std::move(upgrader)) {}

  [[nodiscard]] bool handles(const Multiaddr& address) const override { return below_->handles(address); }
  [[nodiscard]] Task<Result<std::unique_ptr<MuxedConnection>>> dial(Multiaddr address,
                                                                    std::optional<PeerId> expected) override;
  [[nodiscard]] Task<Result<std::unique_ptr<ConnectionListener>>> listen(Multiaddr address) override;

 private:
  std::unique_ptr<ByteTransport> below_;
  std::shared_ptr<const Upgrader> upgrader_;
};

}  // namespace libp2p
