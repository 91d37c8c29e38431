#include "tests/interop/cpp/peer.hpp"

#include "tests/interop/cpp/transports.hpp"

namespace interop {

using namespace libp2p;

namespace {

// How often the mesh and the subscribers are looked at.
constexpr Duration watch_interval = std::chrono::milliseconds(20);

// As the other peers have it: the driver says when a connection ends, and benchmarks open thousands of
// connections and streams from one address.
void lift_limits(HostConfig& config) {
  constexpr std::size_t many = 100'000;
  constexpr std::size_t plenty = 64UZ << 30;
  config.swarm.idle_timeout = std::chrono::hours(1);
  config.swarm.max_dials = many;
  ResourceLimits& limits = config.swarm.limits;
  limits.connections = limits.inbound_connections = limits.outbound_connections = limits.upgrading = many;
  limits.streams = limits.streams_per_peer = limits.streams_per_connection = limits.streams_per_protocol =
      many;
  limits.memory = limits.memory_unauthenticated = limits.memory_per_peer = plenty;
  config.perf->max_runs = many;
}

}  // namespace

Result<std::unique_ptr<InteropPeer>> InteropPeer::make(Env env, Options options,
                                                       std::string congestion_control) {
  LIBP2P_TRY(PrivateKey key, PrivateKey::generate(options.key, env.random));
  HostConfig config;
  config.identity = std::move(key);
  config.listen = std::move(options.listen);
  config.tcp.congestion_control = std::move(congestion_control);
  LIBP2P_CHECK(set_transport(config, options));
  config.identify->agent = "starling-interop-cpp";
  config.perf.emplace();
  lift_limits(config);
  if (options.gossip) config.gossipsub.emplace();
  if (options.mdns) config.mdns.emplace();
  config.connect_discovered = false;  // the driver dials
  return std::make_unique<InteropPeer>(env, std::move(options), std::move(config));
}

InteropPeer::InteropPeer(Env env, Options options, HostConfig config)
    : env_(env),
      options_(std::move(options)),
      host_(env, std::move(config)),
      disconnected_(env.executor),
      ended_(env.executor),
      tasks_(env) {
  host_.swarm().add_observer(*this);
  if (host_.mdns() == nullptr) return;
  host_.mdns()->set_handler([](const PeerId& peer, const std::vector<Multiaddr>& addresses) {
    say_event("discovered", {{"peer", peer.to_string()}, {"addrs", texts(addresses)}});
  });
}

InteropPeer::~InteropPeer() { host_.swarm().remove_observer(*this); }

Task<Result<>> InteropPeer::start() {
  LIBP2P_CO_CHECK(co_await host_.start());
  if (options_.gossip) tasks_.spawn("topics", watch_topics());
  say_event("ready", {{"peer", host_.peer().to_string()}, {"addrs", texts(host_.addresses())}});
  co_return Result<>{};
}

Task<> InteropPeer::stop() {
  co_await tasks_.stop();
  for (const auto& host : crowd_) co_await host->stop();
  co_await host_.stop();
}

Task<> InteropPeer::wait_for_end() {
  while (!end_) co_await ended_.wait();
}

void InteropPeer::end() {
  end_ = true;
  ended_.notify_all();
}

json::object connection_fields(const ConnectionInfo& connection) {
  // A transport that secures and multiplexes by itself names neither, by the contract.
  if (!connection.muxer.starts_with("/yamux/")) {
    return {{"peer", connection.peer.to_string()}, {"muxer", ""}, {"security", ""}, {"early_muxer", nullptr}};
  }
  return {{"peer", connection.peer.to_string()},
          {"muxer", connection.muxer},
          {"security", connection.security},
          {"early_muxer", connection.early_muxer}};
}

void InteropPeer::on_peer_connected(const PeerId& peer) {
  const std::vector<ConnectionInfo> all = host_.swarm().connections(peer);
  if (all.empty()) return;  // gone again; that is told next
  spans_[peer] = {.opened = all.front().opened, .closed = std::nullopt};
  json::object fields = connection_fields(all.front());
  fields["direction"] = all.front().direction == Direction::inbound ? "inbound" : "outbound";
  say_event("connected", std::move(fields));
  tasks_.spawn("identify", tell_identify_failure(peer));
}

void InteropPeer::on_peer_disconnected(const PeerId& peer) {
  identified_.erase(peer);
  pushed_.erase(peer);
  if (const auto span = spans_.find(peer); span != spans_.end()) span->second.closed = env_.now();
  disconnected_.notify_all();
  say_event("disconnected", {{"peer", peer.to_string()}});
}

// Of a peer that had told before, what is new has come by a push, unless it is the answer to a question:
// those that are asked later are so because of pushes that came too fast, and count as them.
void InteropPeer::on_peer_identified(const PeerId& peer) {
  const std::optional<IdentifyInfo> info = host_.identify()->info(peer);
  if (!info) return;
  if (!identified_.insert(peer).second) pushed_.insert(peer);
  say_event("identified", identity(*info));
}

json::object InteropPeer::identity(const IdentifyInfo& info) const {
  json::array protocols;
  for (const std::string& protocol : info.protocols) protocols.emplace_back(text(protocol));
  return {{"peer", info.peer.to_string()},
          {"protocols", std::move(protocols)},
          {"agent", info.agent},
          {"protocol_version", info.protocol_version},
          {"listen_addrs", texts(info.addresses)},
          {"observed_addr", info.observed ? info.observed->to_string() : ""},
          {"signed_record", info.signed_addresses},
          {"pushed", pushed_.contains(info.peer)}};
}

Task<> InteropPeer::tell_identify_failure(PeerId peer) {
  const auto told = co_await host_.identify()->identify(peer);
  if (told || !host_.swarm().is_connected(peer)) co_return;
  say_event("identify_failed", {{"peer", peer.to_string()}, {"error", told.error().to_string()}});
}

// Nothing calls when a mesh changes, so it is looked at.
Task<> InteropPeer::watch_topics() {
  Listed meshes;
  Listed subscribers;
  const auto tell = [](std::string_view event, const std::string& topic, std::vector<PeerId> now,
                       Listed& before) {
    if (before[topic] == now) return;
    say_event(event, {{"topic", topic}, {"peers", texts(now)}});
    before[topic] = std::move(now);
  };
  for (;;) {
    for (const std::string& topic : topics_) {
      tell("topic_peers", topic, host_.gossipsub()->subscribers(topic), subscribers);
      tell("mesh", topic, host_.gossipsub()->mesh(topic), meshes);
    }
    co_await sleep_for(env_, watch_interval);
  }
}

}  // namespace interop
