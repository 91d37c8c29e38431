// A libp2p peer, put together: transports, swarm and the protocols that it is to speak.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/crypto/keys.hpp"
#include "libp2p/protocols/gossipsub/gossipsub.hpp"
#include "libp2p/protocols/identify/identify.hpp"
#include "libp2p/protocols/mdns/mdns.hpp"
#include "libp2p/protocols/perf/perf.hpp"
#include "libp2p/protocols/ping/ping.hpp"
#include "libp2p/security/pnet/psk.hpp"
#include "libp2p/swarm/swarm.hpp"
#include "libp2p/transport/dns/resolver.hpp"
#include "libp2p/transport/interfaces.hpp"
#include "libp2p/transport/quic/quic_config.hpp"
#include "libp2p/transport/tcp/tcp_transport.hpp"
#include "libp2p/transport/upgrader/upgrader.hpp"
#include "libp2p/transport/websocket/websocket_transport.hpp"
#include "libp2p/yamux/config.hpp"

namespace libp2p {

// What a host is made of. All that is pointed to must outlive the host; null is the default that the comment
// names.
struct HostConfig {
  std::optional<PrivateKey> identity;  // none: a new Ed25519 key
  std::vector<Multiaddr> listen;       // what start() listens on
  SwarmConfig swarm;
  YamuxConfig yamux;
  std::vector<Security> security{Security::noise, Security::tls};  // in the order in which a dialer proposes
  // It dials and listens over TCP and WebSocket, which may share ports (transports.hpp), and over QUIC.
  TcpConfig tcp;
  WebsocketConfig websocket;  // `tcp` counts for both
  std::optional<QuicConfig> quic = QuicConfig{};
  // In the place of all three, secured and multiplexed by the host.
  std::vector<std::unique_ptr<ByteTransport>> byte_transports;
  // Those that secure and multiplex by themselves, beside what is used otherwise; made with the same
  // identity, so it is to be set.
  std::vector<std::unique_ptr<Transport>> transports;
  // Only peers with this key are reached and let in, and mDNS finds only them. It excludes transports that
  // bring a security of their own, like QUIC; and ports aren't shared, since the first bytes tell nothing.
  std::optional<PreSharedKey> private_network;

  Gater* gater = nullptr;                   // everybody is admitted
  PeerstoreFile* peerstore_file = nullptr;  // nothing is kept over restarts
  Resolver* resolver = nullptr;             // the machine's
  const Interfaces* interfaces = nullptr;   // the machine's

  std::optional<PingConfig> ping = PingConfig{};
  std::optional<IdentifyConfig> identify = IdentifyConfig{};
  std::optional<PerfConfig> perf;
  std::optional<GossipsubConfig> gossipsub;
  std::optional<MdnsConfig> mdns;
  std::unique_ptr<mdns::MulticastPort> multicast;  // for mDNS; null: the machine's
  bool connect_discovered = true;                  // to whom mDNS finds
};

class Host {
 public:
  Host(Env env, HostConfig config);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  // stop() must have ended, unless start() was never called.
  ~Host();

  // Listens, and starts all protocols. Errors: those of listening; then the host is to be stopped.
  [[nodiscard]] Task<Result<>> start();
  [[nodiscard]] Task<> stop();

  [[nodiscard]] const PeerId& peer() const noexcept { return swarm_.local_peer(); }
  // What others can dial, each with the peer id at its end.
  [[nodiscard]] std::vector<Multiaddr> addresses() const;

  // None in the public network.
  [[nodiscard]] const std::optional<PreSharedKey>& private_network() const noexcept {
    return private_network_;
  }

  // The most used of the swarm; all of it is at swarm().
  [[nodiscard]] Task<Result<PeerId>> connect(Multiaddr address) { return swarm_.dial(std::move(address)); }
  [[nodiscard]] Task<Result<Swarm::OpenedStream>> open_stream(PeerId peer, std::string protocol) {
    return swarm_.open_stream(std::move(peer), {std::move(protocol)});
  }
  void set_handler(std::string protocol, StreamHandler handler) {
    swarm_.set_handler(std::move(protocol), std::move(handler));
  }

  [[nodiscard]] Swarm& swarm() noexcept { return swarm_; }
  // Null where the configuration has none.
  [[nodiscard]] Ping* ping() noexcept { return ping_ ? &*ping_ : nullptr; }
  [[nodiscard]] Identify* identify() noexcept { return identify_ ? &*identify_ : nullptr; }
  [[nodiscard]] Perf* perf() noexcept { return perf_ ? &*perf_ : nullptr; }
  [[nodiscard]] Gossipsub* gossipsub() noexcept { return gossipsub_ ? &*gossipsub_ : nullptr; }
  [[nodiscard]] Mdns* mdns() noexcept { return mdns_ ? &*mdns_ : nullptr; }

 private:
  Host(Env env, const PrivateKey& identity, HostConfig& config);
  [[nodiscard]] Task<> connect_to(PeerId peer, std::vector<Multiaddr> addresses);
  void make_mdns(HostConfig& config);

  Env env_;
  SystemResolver machine_resolver_;
  std::vector<Multiaddr> listen_;
  std::optional<PreSharedKey> private_network_;
  Swarm swarm_;
  std::optional<Ping> ping_;
  std::optional<Identify> identify_;
  std::optional<Perf> perf_;
  std::optional<Gossipsub> gossipsub_;
  std::optional<Mdns> mdns_;
  TaskGroup tasks_;
  bool started_ = false;
};

}  // namespace libp2p
