// Private networks: a transport whose connections only those with the key can use.
#pragma once

#include <memory>
#include <optional>

#include "libp2p/security/pnet/psk.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p {

// What the transport below carries, under the key. It stands between a transport that carries bytes and the
// upgrader; transports that bring a security of their own (QUIC, WebTransport, WebRTC) can't be in a private
// network. A peer with another key, or without one, is refused at its first bytes: see private_stream.hpp.
class PrivateNetworkTransport final : public ByteTransport {
 public:
  PrivateNetworkTransport(Env env, std::unique_ptr<ByteTransport> below, const PreSharedKey& key)
      : env_(env), below_(std::move(below)), key_(key) {}

  [[nodiscard]] bool handles(const Multiaddr& address) const override { return below_->handles(address); }
  [[nodiscard]] Task<Result<ByteConnection>> dial(Multiaddr address) override;
  [[nodiscard]] Task<Result<std::unique_ptr<ByteListener>>> listen(Multiaddr address) override;

 private:
  Env env_;
  std::unique_ptr<ByteTransport> below_;
  PreSharedKey key_;
};

// The specification's safeguard: where the environment has LIBP2P_FORCE_PNET=1, a peer without a key must not
// start. Errors: refused.
[[nodiscard]] Result<> check_forced_private_network(const std::optional<PreSharedKey>& key);

}  // namespace libp2p
