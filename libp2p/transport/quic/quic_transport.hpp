// QUIC version 1 over IPv4 and IPv6 (quic/README.md): addresses of the form /ip4/…/udp/…/quic-v1 and
// /ip6/…/udp/…/quic-v1.
#pragma once

#include <memory>

#include "libp2p/transport/quic/quic_config.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p {

namespace quic {
class Hub;
}

// A dial leaves from the port of a listener where one can reach the address, so that others, and NATs, see
// one port. Its connections and listeners may outlive it, and are then closed.
class QuicTransport final : public Transport {
 public:
  QuicTransport(Env env, const PrivateKey& identity, QuicConfig config = {});
  ~QuicTransport() override;

  [[nodiscard]] bool handles(const Multiaddr& address) const override;
  // Returns once the server has accepted the handshake. Errors: invalid_argument (not a QUIC address), crypto
  // (somebody else answers, or can't prove who it is), refused (the other side doesn't want us), timeout, io.
  [[nodiscard]] Task<Result<std::unique_ptr<MuxedConnection>>> dial(Multiaddr address,
                                                                    std::optional<PeerId> expected) override;
  // Errors: invalid_argument, exists (the port is taken), io.
  [[nodiscard]] Task<Result<std::unique_ptr<ConnectionListener>>> listen(Multiaddr address) override;

  // The machine's addresses have changed: connections that were dialled from one that is gone go on from
  // another. Connections notice by themselves, too, with the first datagram that can't be sent.
  void addresses_changed() override;
  // Has all connections that were dialled to `peer` go on from `local` ("/ip4/…", or a longer address that
  // begins so). Errors: not_found (no such connection), and why the first of them can't.
  [[nodiscard]] Result<> migrate(const PeerId& peer, const Multiaddr& local);

  // Connections that aren't finished; inbound handshakes under way.
  [[nodiscard]] std::size_t connection_count() const noexcept;
  [[nodiscard]] std::size_t half_open() const noexcept;

 private:
  std::shared_ptr<quic::Hub> hub_;
  Error failure_;  // why there is no hub
};

}  // namespace libp2p
