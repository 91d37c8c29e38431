#include "libp2p/protocols/mdns/mdns.hpp"

#include <algorithm>
#include <array>

namespace libp2p {
namespace {

// Says nothing of the peer, and is another one at each start (discovery/mdns.md, Definitions).
std::string random_peer_name(Random& random) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::size_t length = 40;
  std::string name;
  while (name.size() < length) name.push_back(letters[random.below(letters.size())]);
  return name;
}

mdns::EngineConfig engine_config(Env env, const Swarm& swarm, const MdnsConfig& config) {
  mdns::EngineConfig engine;
  engine.self = swarm.local_peer();
  engine.service = mdns::Name::parse(config.service).value();
  engine.peer_name = random_peer_name(env.random);
  engine.query_interval = config.query_interval;
  engine.simulated = config.simulated;
  return engine;
}

}  // namespace

Mdns::Mdns(Env env, Swarm& swarm, MdnsConfig config)
    : Mdns(env, swarm, std::move(config), mdns::make_system_port(env)) {}

Mdns::Mdns(Env env, Swarm& swarm, MdnsConfig config, std::unique_ptr<mdns::MulticastPort> port)
    : env_(env),
      swarm_(swarm),
      config_(std::move(config)),
      engine_(engine_config(env, swarm, config_), env.random),
      port_(std::move(port)),
      changed_(env.executor),
      tasks_(env) {}

Mdns::~Mdns() = default;

void Mdns::start() {
  started_ = true;
  swarm_.add_observer(*this);
  tasks_.spawn("mdns.run", run());
  tasks_.spawn("mdns.receive", receive());
}

Task<> Mdns::stop() {
  if (started_) swarm_.remove_observer(*this);
  started_ = false;
  co_await tasks_.stop();
  co_await port_->stop();
}

void Mdns::on_local_change() {
  engine_.set_addresses(swarm_.advertised_addresses(), env_.now());
  changed_.notify_all();
}

void Mdns::scan() {
  engine_.set_interfaces(port_->rescan(), env_.now());
  // What is advertised follows the interfaces where the swarm listens on all of them.
  engine_.set_addresses(swarm_.advertised_addresses(), env_.now());
}

void Mdns::perform(mdns::Actions actions) {
  for (const mdns::Outgoing& outgoing : actions.send) port_->send(outgoing.interface, outgoing.packet);
  for (const mdns::Discovery& found : actions.discovered) {
    if (env_.log.enabled(LogLevel::debug)) {
      env_.log.debug("mdns.peer",
                     {{"peer", found.peer.short_string()}, {"addresses", found.addresses.size()}});
    }
    swarm_.seen(found.peer, found.addresses);
    if (handler_) handler_(found.peer, found.addresses);
  }
}

Task<> Mdns::run() {
  Instant next_scan = env_.now();
  for (;;) {
    if (next_scan <= env_.now()) {
      scan();
      next_scan = env_.now() + config_.scan_interval;
    }
    perform(engine_.tick(env_.now()));
    const Instant next = std::min(next_scan, engine_.next_wakeup().value_or(next_scan));
    (void)co_await changed_.wait_until(env_, next);
  }
}

Task<> Mdns::receive() {
  for (;;) {
    const auto datagram = co_await port_->receive();
    if (!datagram) co_return;
    perform(engine_.handle(*datagram, env_.now()));
    changed_.notify_all();
  }
}

}  // namespace libp2p
