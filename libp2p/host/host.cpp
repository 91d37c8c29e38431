#include "libp2p/host/host.hpp"

#include "libp2p/host/transports.hpp"
#include "libp2p/security/pnet/private_network.hpp"
#include "libp2p/transport/quic/quic_transport.hpp"

namespace libp2p {
namespace {

PrivateKey identity_of(Env env, const HostConfig& config) {
  if (config.identity) return *config.identity;
  std::array<std::uint8_t, 32> seed{};
  env.random.fill(seed);
  return PrivateKey::ed25519_from_seed(seed);
}

void add_default_transports(Env env, const PrivateKey& identity, HostConfig& config) {
  if (config.private_network) config.tcp.share_port = false;
  config.byte_transports = tcp_and_websocket(env, config.tcp, config.websocket);
  if (config.quic) config.transports.push_back(std::make_unique<QuicTransport>(env, identity, *config.quic));
}

std::vector<std::unique_ptr<Transport>> make_transports(Env env, const PrivateKey& identity,
                                                        HostConfig& config) {
  if (config.byte_transports.empty()) add_default_transports(env, identity, config);
  const auto upgrader =
      std::make_shared<const Upgrader>(env, identity,
                                       UpgraderConfig{.security = config.security,
                                                      .early_muxer = config.swarm.early_muxer,
                                                      .timeout = config.swarm.upgrade_timeout,
                                                      .yamux = config.yamux});
  std::vector<std::unique_ptr<Transport>> transports;
  if (!config.private_network) transports = std::move(config.transports);
  for (auto& bytes : config.byte_transports) {
    if (config.private_network) {
      bytes = std::make_unique<PrivateNetworkTransport>(env, std::move(bytes), *config.private_network);
    }
    transports.push_back(std::make_unique<UpgradedTransport>(std::move(bytes), upgrader));
  }
  return transports;
}

}  // namespace

Host::Host(Env env, HostConfig config) : Host(env, identity_of(env, config), config) {}

Host::Host(Env env, const PrivateKey& identity, HostConfig& config)
    : env_(env),
      machine_resolver_(env),
      listen_(std::move(config.listen)),
      private_network_(config.private_network),
      swarm_(env, identity, config.swarm, make_transports(env, identity, config), config.gater,
             config.peerstore_file, config.resolver == nullptr ? &machine_resolver_ : config.resolver,
             config.interfaces),
      tasks_(env) {
  if (config.ping) ping_.emplace(env, swarm_, *config.ping);
  if (config.identify) identify_.emplace(env, swarm_, *config.identify);
  if (config.perf) perf_.emplace(env, swarm_, *config.perf);
  if (config.gossipsub) gossipsub_.emplace(env, swarm_, *config.gossipsub);
  if (config.mdns) make_mdns(config);
}

void Host::make_mdns(HostConfig& config) {
  // Peers of other networks could only be dialled in vain (discovery/mdns.md).
  if (config.private_network && config.mdns->service == MdnsConfig{}.service) {
    config.mdns->service = "_p2p-" + config.private_network->fingerprint() + "._udp.local";
  }
  if (config.multicast) {
    mdns_.emplace(env_, swarm_, *config.mdns, std::move(config.multicast));
  } else {
    mdns_.emplace(env_, swarm_, *config.mdns);
  }
  if (!config.connect_discovered) return;
  mdns_->set_handler([this](const PeerId& peer, const std::vector<Multiaddr>& addresses) {
    if (!swarm_.is_connected(peer)) tasks_.spawn("discovered peer", connect_to(peer, addresses));
  });
}

Host::~Host() = default;

Task<Result<>> Host::start() {
  LIBP2P_CO_CHECK(check_forced_private_network(private_network_));
  started_ = true;
  if (private_network_)
    env_.log.info("host.private_network", {{"fingerprint", private_network_->fingerprint()}});
  swarm_.start();
  if (ping_) ping_->start();
  if (identify_) identify_->start();
  if (perf_) perf_->start();
  if (gossipsub_) gossipsub_->start();
  for (const Multiaddr& address : listen_) LIBP2P_CO_CHECK(co_await swarm_.listen(address));
  if (mdns_) mdns_->start();
  co_return Result<>{};
}

Task<> Host::stop() {
  if (!std::exchange(started_, false)) co_return;
  co_await tasks_.stop();
  if (mdns_) co_await mdns_->stop();
  if (gossipsub_) co_await gossipsub_->stop();
  if (perf_) co_await perf_->stop();
  if (identify_) co_await identify_->stop();
  if (ping_) co_await ping_->stop();
  co_await swarm_.stop();
}

std::vector<Multiaddr> Host::addresses() const {
  std::vector<Multiaddr> all;
  for (const Multiaddr& address : swarm_.advertised_addresses())
    all.push_back(address.with_peer(peer().bytes()));
  return all;
}

Task<> Host::connect_to(PeerId peer, std::vector<Multiaddr> addresses) {
  const auto connected = co_await swarm_.connect(peer, std::move(addresses));
  if (!connected) {
    env_.log.debug("host.discovered_unreachable",
                   {{"peer", peer.short_string()}, {"why", connected.error().to_string()}});
  }
}

}  // namespace libp2p
