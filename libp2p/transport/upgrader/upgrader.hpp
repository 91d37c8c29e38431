// Makes a connection that carries bytes into one whose peer is proven and that carries streams
// (connections/README.md, Upgrading Connections): Noise or TLS, then Yamux.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "libp2p/crypto/keys.hpp"
#include "libp2p/security/noise/noise.hpp"
#include "libp2p/security/tls/tls.hpp"
#include "libp2p/transport/transport.hpp"
#include "libp2p/yamux/config.hpp"

namespace libp2p {

enum class Security : std::uint8_t { noise, tls };

[[nodiscard]] std::string_view protocol_id(Security security) noexcept;

struct UpgraderConfig {
  // A dialer proposes them in this order, a listener takes any. Not empty.
  std::vector<Security> security{Security::noise, Security::tls};
  bool early_muxer = true;  // agree on the muxer inside the handshake, where the other side can
  Duration timeout = std::chrono::seconds(10);  // for each of its steps
  YamuxConfig yamux;
};

// Shared by all transports of a peer.
class Upgrader {
 public:
  Upgrader(Env env, const PrivateKey& identity, UpgraderConfig config = {});

  [[nodiscard]] const std::vector<Security>& security() const noexcept { return config_.security; }

  // As dialer, with `only` this security: it is proposed together with the first handshake message, so a
  // connection costs two round trips beyond that of its transport, or one where the first bytes of a stream
  // count. When the other side doesn't speak it that is not_supported, and the connection is lost: it takes
  // the handshake for proposals. Without `only` the other side is asked first, which costs a round trip when
  // there is more than one. Errors: those of multistream-select, of Noise and of TLS. A peer that refuses the
  // muxer is noticed when the connection is used.
  [[nodiscard]] Task<Result<std::unique_ptr<MuxedConnection>>> upgrade_outbound(
      ByteConnection connection, std::optional<PeerId> expected, std::optional<Security> only = {}) const;
  [[nodiscard]] Task<Result<std::unique_ptr<MuxedConnection>>> upgrade_inbound(
      ByteConnection connection) const;

 private:
  [[nodiscard]] Task<Result<SecuredConnection>> secure(StreamPtr stream, Security security, bool dialer,
                                                       std::optional<PeerId> expected) const;
  [[nodiscard]] std::vector<std::string> early_muxers() const;
  [[nodiscard]] std::vector<std::string> proposals() const;
  [[nodiscard]] const Result<TlsIdentity>& tls_identity() const;

  Env env_;
  PrivateKey key_;
  Result<NoiseIdentity> noise_identity_;
  mutable std::optional<Result<TlsIdentity>>
      tls_identity_;  // made when it is first needed: it costs a millisecond
  UpgraderConfig config_;
};

// A byte transport with an upgrader on top. It dials with the first security; when the other side turns out
// not to speak that, once more with the next. So whoever speaks the first pays nothing for there being
// others.
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
