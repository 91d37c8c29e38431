// Whole swarms on a network in memory, on virtual time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/swarm/swarm.hpp"
#include "libp2p/transport/interfaces.hpp"
#include "libp2p/transport/memory/memory_transport.hpp"
#include "libp2p/transport/upgrader/upgrader.hpp"

namespace libp2p::test {

inline PrivateKey node_key(std::uint64_t number) {
  std::array<std::uint8_t, 32> seed{};
  store_be(number, seed.data());
  return PrivateKey::ed25519_from_seed(seed);
}
inline PeerId node_id(std::uint64_t number) { return PeerId::from_public_key(node_key(number).public_key()); }
inline Multiaddr address_of(std::string_view text) { return Multiaddr::parse(text).value(); }
inline Multiaddr memory_address(MemoryNode number) { return address_of("/memory/" + std::to_string(number)); }

// Writes down what an observer is told.
struct EventLog final : SwarmObserver {
  std::vector<std::string> events;
  std::vector<std::string> reasons;  // why connections were closed

  void on_peer_connected(const PeerId&) override { events.push_back("connected"); }
  void on_peer_disconnected(const PeerId&) override { events.push_back("disconnected"); }
  void on_connection_opened(const ConnectionInfo&) override { events.push_back("opened"); }
  void on_connection_closed(const ConnectionInfo&, const Error& why) override {
    events.push_back("closed");
    reasons.push_back(why.to_string());
  }
  void on_connection_superseded(const ConnectionInfo&) override { events.push_back("superseded"); }
  void on_local_change() override { events.push_back("local"); }
  [[nodiscard]] std::size_t count(std::string_view event) const {
    return static_cast<std::size_t>(std::ranges::count(events, event));
  }
};

struct NodeOptions {
  SwarmConfig config = {};
  YamuxConfig yamux = {};
  Gater* gater = nullptr;
  PeerstoreFile* file = nullptr;
  Resolver* resolver = nullptr;
  const Interfaces* interfaces = nullptr;
};

// One peer: a swarm over Noise and Yamux at /memory/NUMBER. Stop it before it goes.
struct TestNode {
  TestNode(Env env, MemoryNetwork& network, MemoryNode n, NodeOptions options = {})
      : number(n),
        id(node_id(n)),
        swarm(env, node_key(n), options.config, transports(env, network, n, options), options.gater,
              options.file, options.resolver, options.interfaces) {
    swarm.add_observer(log);
    swarm.start();
  }
  static std::vector<std::unique_ptr<Transport>> transports(Env env, MemoryNetwork& network, MemoryNode n,
                                                            const NodeOptions& options) {
    const auto upgrader = std::make_shared<const Upgrader>(
        env, node_key(n), UpgraderConfig{.early_muxer = options.config.early_muxer, .yamux = options.yamux});
    std::vector<std::unique_ptr<Transport>> all;
    all.push_back(
        std::make_unique<UpgradedTransport>(std::make_unique<MemoryTransport>(env, network, n), upgrader));
    return all;
  }
  [[nodiscard]] Multiaddr address() const { return memory_address(number); }

  MemoryNode number;
  PeerId id;
  EventLog log;
  Swarm swarm;
};

// A runtime, a network, and nodes that listen, numbered from 1.
class SwarmNet {
 public:
  explicit SwarmNet(std::uint64_t seed = 1, LinkQuality quality = {.latency = std::chrono::milliseconds(1)})
      : runtime(seed), links(runtime.env(), quality), network(runtime.env(), &links) {}
  ~SwarmNet() {
    for (const auto& node : nodes_) {
      if (node) runtime.run(node->swarm.stop());
    }
  }

  TestNode& add(NodeOptions options = {}) {
    const auto number = static_cast<MemoryNode>(nodes_.size() + 1);
    nodes_.push_back(std::make_unique<TestNode>(runtime.env(), network, number, options));
    if (!runtime.run(nodes_.back()->swarm.listen(memory_address(number)))) std::abort();
    return *nodes_.back();
  }
  // Stops the node and takes it away; its number may be used again.
  void remove(TestNode& node) {
    runtime.run(node.swarm.stop());
    nodes_[node.number - 1].reset();
  }
  TestNode& restart(MemoryNode number, NodeOptions options = {}) {
    nodes_[number - 1] = std::make_unique<TestNode>(runtime.env(), network, number, options);
    if (!runtime.run(nodes_[number - 1]->swarm.listen(memory_address(number)))) std::abort();
    return *nodes_[number - 1];
  }
  [[nodiscard]] Result<> connect(TestNode& from, TestNode& to) {
    return runtime.run(from.swarm.connect(to.id, {to.address()}));
  }
  // Runs until `condition` holds, at most `limit`; whether it does.
  bool run_until(const std::function<bool()>& condition, Duration limit) {
    const Instant end = runtime.now() + limit;
    runtime.run_ready();
    while (!condition() && runtime.now() < end) runtime.run_for(std::chrono::milliseconds(1));
    return condition();
  }
  void cut(const TestNode& a, const TestNode& b) {
    links.cut(a.number, b.number);
    network.links_changed();
  }
  void heal_all() {
    links.heal_all();
    network.links_changed();
  }

  VirtualRuntime runtime;
  LinkTable links;
  MemoryNetwork network;

 private:
  std::vector<std::unique_ptr<TestNode>> nodes_;
};

}  // namespace libp2p::test
