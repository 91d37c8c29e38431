#include "libp2p/swarm/swarm.hpp"

#include <set>

#include "libp2p/base/blocking.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/swarm/connection_keeper.hpp"
#include "libp2p/swarm/dial_book.hpp"
#include "libp2p/swarm/listeners.hpp"
#include "libp2p/swarm/metrics.hpp"
#include "libp2p/swarm/redial_keeper.hpp"
#include "libp2p/transport/interfaces.hpp"

namespace libp2p {
namespace {

constexpr std::chrono::minutes seen_address_ttl(10);
constexpr std::chrono::seconds interface_poll_period(2);
constexpr std::string_view kept_tag = "kept";

std::set<Multiaddr> own_addresses(const Interfaces& interfaces) {
  std::set<Multiaddr> own;
  for (const InterfaceAddress& one : interfaces.addresses()) own.insert(one.address);
  return own;
}

}  // namespace

// Composition: each job is a class of its own, and this is who knows whom.
struct Swarm::Parts final : swarm::ConnectionWatcher {
  Parts(Env e, PrivateKey key, const SwarmConfig& c, std::vector<std::unique_ptr<Transport>> t, Gater* g,
        PeerstoreFile* f, Resolver* resolver, const Interfaces* i)
      : env(e),
        identity(std::move(key)),
        local(PeerId::from_public_key(identity.public_key())),
        config(c),
        transports(std::move(t)),
        gater(g == nullptr ? admit_everybody : *g),
        interfaces(i == nullptr ? machine_interfaces : *i),
        file(f),
        peerstore(e, f),
        resources(config.limits),
        events(e),
        tasks(e),
        router(e, config, gater, peerstore),
        keeper(e, local, {config, resources, gater, protections, router, events, tasks, *this}),
        dialer(e, config, transports, gater, resolver, peerstore),
        dials(e, config, dialer, keeper, peerstore, tasks, local),
        listeners(e, config, transports, resources, gater, keeper, tasks),
        redials(e, config, dials, keeper.table(), tasks, local) {}

  void on_reached(const PeerId& peer, Direction direction) override {
    dials.on_reached(peer, direction);
    if (keeper.table().in_use(peer)) redials.on_connected(peer);
  }
  void on_lost(const PeerId& peer) override { redials.on_lost(peer); }
  void on_rtt(const PeerId& peer, const Multiaddr& remote, Duration rtt) override {
    peerstore.set_rtt(peer, rtt);
    dialer.note_rtt(remote, rtt);
  }

  void local_changed() {
    events.post([](SwarmObserver& observer) { observer.on_local_change(); });
  }
  Task<> watch_interfaces();
  Task<> save_now();
  Task<> save_often();

  Env env;
  PrivateKey identity;
  PeerId local;
  SwarmConfig config;
  std::vector<std::unique_ptr<Transport>> transports;
  Gater admit_everybody;
  Gater& gater;
  SystemInterfaces machine_interfaces;
  const Interfaces& interfaces;
  PeerstoreFile* file;
  Peerstore peerstore;
  std::uint64_t saved_changes = 0;
  bool stopped = false;
  swarm::Protections protections;
  swarm::Resources resources;
  swarm::EventQueue events;
  TaskGroup tasks;
  swarm::StreamRouter router;
  swarm::ConnectionKeeper keeper;
  swarm::Dialer dialer;
  swarm::DialBook dials;
  swarm::Listeners listeners;
  swarm::RedialKeeper redials;
};

// Interfaces come and go; what we tell others, and what we know of the network, has to follow.
Task<> Swarm::Parts::watch_interfaces() {
  std::vector<Multiaddr> told = expand_unspecified(listeners.addresses(), interfaces);
  std::set<Multiaddr> own = own_addresses(interfaces);
  for (;;) {
    co_await sleep_for(env, interface_poll_period);
    if (std::set<Multiaddr> own_now = own_addresses(interfaces); own_now != own) {
      own = std::move(own_now);
      dialer.forget_network();
      for (const auto& transport : transports) transport->addresses_changed();
    }
    std::vector<Multiaddr> now = expand_unspecified(listeners.addresses(), interfaces);
    if (now == told) continue;
    told = std::move(now);
    local_changed();
  }
}

Task<> Swarm::Parts::save_now() {
  if (file == nullptr || saved_changes == peerstore.changes()) co_return;
  saved_changes = peerstore.changes();
  const auto saved = co_await run_blocking(
      env, [to = file, contents = peerstore.serialise()]() -> Result<> { return to->save(contents); });
  if (!saved) env.log.warn("peerstore.not_saved", {{"why", saved.error().to_string()}});
}

Task<> Swarm::Parts::save_often() {
  for (;;) {
    co_await sleep_for(env, config.peerstore_save_interval);
    co_await save_now();
  }
}

Swarm::Swarm(Env env, PrivateKey identity, SwarmConfig config,
             std::vector<std::unique_ptr<Transport>> transports, Gater* gater, PeerstoreFile* peerstore_file,
             Resolver* resolver, const Interfaces* interfaces)
    : parts_(std::make_unique<Parts>(env, std::move(identity), config, std::move(transports), gater,
                                     peerstore_file, resolver, interfaces)) {}

Swarm::~Swarm() = default;

void Swarm::start() {
  Parts& p = *parts_;
  if (const auto loaded = p.peerstore.load(); !loaded) {
    p.env.log.warn("peerstore.not_loaded", {{"why", loaded.error().to_string()}});
  }
  p.saved_changes = p.peerstore.changes();
  p.tasks.spawn("events", p.events.run());
  p.tasks.spawn("idle connections", p.keeper.sweep());
  p.tasks.spawn("redials", p.redials.run());
  p.tasks.spawn("interfaces", p.watch_interfaces());
  if (p.file != nullptr) p.tasks.spawn("peerstore", p.save_often());
}

Task<> Swarm::stop() {
  Parts& p = *parts_;
  if (std::exchange(p.stopped, true)) co_return;
  p.listeners.close();
  p.dials.stop();
  p.keeper.close_all({Errc::closed, "the swarm has stopped"});
  co_await p.router.stop();
  co_await p.tasks.stop();
  p.events.drain();
  co_await p.save_now();
}

const PeerId& Swarm::local_peer() const noexcept { return parts_->local; }
const PrivateKey& Swarm::identity() const noexcept { return parts_->identity; }

Task<Result<Multiaddr>> Swarm::listen(Multiaddr address) {
  LIBP2P_CO_TRY(Multiaddr bound, co_await parts_->listeners.listen(std::move(address)));
  parts_->local_changed();
  co_return bound;
}

std::vector<Multiaddr> Swarm::listen_addresses() const { return parts_->listeners.addresses(); }

std::vector<Multiaddr> Swarm::advertised_addresses() const {
  return expand_unspecified(parts_->listeners.addresses(), parts_->interfaces);
}

Task<Result<>> Swarm::connect(PeerId peer, std::vector<Multiaddr> addresses) {
  return parts_->dials.connect(std::move(peer), std::move(addresses));
}

Task<Result<PeerId>> Swarm::dial(Multiaddr address) {
  const auto id = address.peer_id_bytes();
  if (!id) co_return co_await parts_->dials.connect_to_anybody(std::move(address));
  LIBP2P_CO_TRY(const PeerId peer, PeerId::from_bytes(*id));
  LIBP2P_CO_CHECK(co_await connect(peer, {address}));
  co_return peer;
}

void Swarm::disconnect(const PeerId& peer) {
  for (const auto& connection : parts_->keeper.table().of(peer))
    connection->close({Errc::closed, "disconnected"});
}

void Swarm::close_connection(ConnectionId connection) {
  if (const auto found = parts_->keeper.table().find(connection)) found->close({Errc::closed, "closed"});
}

bool Swarm::is_connected(const PeerId& peer) const { return parts_->keeper.table().in_use(peer) != nullptr; }

std::vector<PeerId> Swarm::connected_peers() const { return parts_->keeper.table().connected_peers(); }

std::vector<ConnectionInfo> Swarm::connections() const {
  std::vector<ConnectionInfo> infos;
  for (const auto& connection : parts_->keeper.table().all()) {
    if (!connection->closing) infos.push_back(connection->info());
  }
  return infos;
}

std::vector<ConnectionInfo> Swarm::connections(const PeerId& peer) const {
  std::vector<ConnectionInfo> infos;
  for (const auto& connection : parts_->keeper.table().of(peer)) {
    if (!connection->closing) infos.push_back(connection->info());
  }
  return infos;
}

Task<Result<Swarm::OpenedStream>> Swarm::open_stream(PeerId peer, std::vector<std::string> protocols,
                                                     bool lazy) {
  const auto connection = parts_->keeper.table().in_use(peer);
  if (!connection) co_return fail(Errc::not_found, "not connected to " + peer.to_string());
  co_return co_await parts_->router.open(connection, std::move(protocols), lazy);
}

Task<Result<Swarm::OpenedStream>> Swarm::open_stream_on(ConnectionId connection,
                                                        std::vector<std::string> protocols, bool lazy) {
  const auto found = parts_->keeper.table().find(connection);
  if (!found) co_return fail(Errc::not_found, "connection " + std::to_string(connection) + " has ended");
  co_return co_await parts_->router.open(found, std::move(protocols), lazy);
}

void Swarm::set_handler(std::string protocol, StreamHandler handler) {
  parts_->router.set_handler(std::move(protocol), std::move(handler));
  parts_->local_changed();
}

void Swarm::remove_handler(std::string_view protocol) {
  if (parts_->router.remove_handler(protocol)) parts_->local_changed();
}

std::vector<std::string> Swarm::protocols() const { return parts_->router.protocols(); }

void Swarm::promote(ConnectionId connection) { parts_->keeper.promote(connection); }

void Swarm::recheck_admissions() { parts_->keeper.recheck_admissions(); }

void Swarm::protect(const PeerId& peer, std::string_view tag) {
  parts_->protections.add(peer, tag);
  parts_->keeper.protection_changed(peer);
}

void Swarm::unprotect(const PeerId& peer, std::string_view tag) {
  parts_->protections.remove(peer, tag);
  parts_->keeper.protection_changed(peer);
}

void Swarm::set_weight(const PeerId& peer, std::string_view tag, int weight) {
  parts_->protections.set_weight(peer, tag, weight);
}

void Swarm::keep_connected(const PeerId& peer) {
  protect(peer, kept_tag);
  parts_->peerstore.set_kept(peer, true);
  parts_->redials.keep(peer);
}

void Swarm::release(const PeerId& peer) {
  parts_->redials.release(peer);
  parts_->peerstore.set_kept(peer, false);
  unprotect(peer, kept_tag);
}

void Swarm::seen(const PeerId& peer, std::vector<Multiaddr> addresses) {
  if (peer == parts_->local) return;
  parts_->peerstore.add_addresses(peer, addresses, seen_address_ttl);
  parts_->dials.seen(peer, addresses);
  parts_->redials.seen(peer);
}

Peerstore& Swarm::peerstore() noexcept { return parts_->peerstore; }

void Swarm::notify_identified(const PeerId& peer) {
  parts_->events.post([peer](SwarmObserver& observer) { observer.on_peer_identified(peer); });
}

void Swarm::add_observer(SwarmObserver& observer) { parts_->events.add(observer); }

void Swarm::remove_observer(SwarmObserver& observer) { parts_->events.remove(observer); }

Swarm::Counters Swarm::counters() const {
  const Parts& p = *parts_;
  return {.dials = p.dialer.counters().dials,
          .dial_failures = p.dialer.counters().failures,
          .inbound_accepted = p.listeners.counters().accepted,
          .inbound_refused = p.listeners.counters().refused,
          .upgrades_failed = p.listeners.counters().failed,
          .bytes_in = p.keeper.bytes_in(),
          .bytes_out = p.keeper.bytes_out(),
          .connections = p.keeper.table().size(),
          .restricted = p.keeper.table().restricted_count(),
          .upgrading = p.listeners.upgrading(),
          .handlers_escaped = p.router.escaped() + p.tasks.escaped()};
}

swarm::ResourceUsage Swarm::resource_usage() const { return parts_->resources.usage(); }

SwarmMetrics Swarm::metrics() const {
  Parts& p = *parts_;
  SwarmMetrics metrics{.counters = counters(),
                       .limits = p.config.limits,
                       .resources = p.resources.usage(),
                       .connected_peers = p.keeper.table().connected_peers().size(),
                       .known_peers = p.peerstore.size(),
                       .dialling = p.dialer.dialling(),
                       .connections = {},
                       .dials = p.dialer.counters().by_kind};
  for (const auto& connection : p.keeper.table().all()) {
    if (connection->closing) continue;
    auto& open = metrics.connections[static_cast<std::size_t>(transport_kind(connection->muxed->remote()))];
    ++(connection->direction == Direction::inbound ? open.inbound : open.outbound);
  }
  for (const PathKind kind : path_kinds) {
    metrics.black_holes[static_cast<std::size_t>(kind)] = p.dialer.black_holes().blocked(kind);
  }
  return metrics;
}

}  // namespace libp2p
