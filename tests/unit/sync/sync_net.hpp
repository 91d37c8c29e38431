// Members of a fleet, each with all that syncing needs, on a network in memory and virtual time; and peers
// that have a member's key and do as the test says.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/host/host.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/transport/memory/link_policy.hpp"
#include "libp2p/transport/memory/memory_transport.hpp"
#include "starling/changelog/memory_store.hpp"
#include "starling/sync/sync_service.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling::testing {

class SyncNet {
 public:
  SyncNet()
      : links_(runtime.env(), {.latency = std::chrono::milliseconds(5)}), network_(runtime.env(), &links_) {
    for (std::uint8_t number = 1; number <= 5; ++number)
      grants_.push_back(fleet.grant(key_of(number), Role::operator_, "node" + std::to_string(number))->id);
    // Virtual time begins before the fixture's noon: what is written is of the past.
    runtime.run_for(noon - runtime.env().clock.wall());
  }
  ~SyncNet() {
    for (const auto& node : nodes_) runtime.run(node->stop());
  }

  struct Heard final : StatusListener {
    std::vector<std::pair<Alarm, bool>> alarms;
    void on_alarm(const Alarm& alarm, bool raised) override { alarms.emplace_back(alarm, raised); }
    [[nodiscard]] std::size_t raised(Alarm::Kind kind) const {
      return static_cast<std::size_t>(std::ranges::count_if(
          alarms, [kind](const auto& entry) { return entry.second && entry.first.kind == kind; }));
    }
  };
  struct Watch final : FleetObserver {
    std::size_t records = 0;
    std::size_t revisions = 0;
    void on_records(const std::vector<RecordPtr>& added) override { records += added.size(); }
    void on_revision_changed() override { ++revisions; }
  };

  // A whole member, as `count` of the fleet's records make it.
  struct Node {
    Node(SyncNet& net, std::uint8_t n, std::size_t count)
        : number(n),
          fleet(net.runtime.env(), net.fleet.id(), key_of(n), net.filled(store, count)),
          gate(fleet.charter()),
          host(net.runtime.env(), net.network(n, &gate)),
          sync(net.runtime.env(), host.swarm(), *host.gossipsub(), fleet, gate, net.config) {
      must(fleet.load());
      fleet.add_observer(watch);
      sync.add_listener(heard);
      must(net.runtime.run(host.start()));
      sync.start();
    }
    Task<> stop() {
      co_await sync.stop();
      co_await host.stop();
      co_await fleet.stop();
    }
    static void must(const Result<>& result) { EXPECT_TRUE(result) << result.error().to_string(); }

    std::uint8_t number;
    MemoryStore store;
    Fleet fleet;
    Gate gate;
    libp2p::Host host;
    SyncService sync;
    Heard heard;
    Watch watch;
  };

  Node& add(std::uint8_t number, std::size_t count) {
    nodes_.push_back(std::make_unique<Node>(*this, number, count));
    return *nodes_.back();
  }
  Node& add(std::uint8_t number) { return add(number, fleet.log.size()); }

  // A peer with a member's key; it speaks what the test gives it.
  [[nodiscard]] std::unique_ptr<libp2p::Host> stranger(std::uint8_t number) {
    auto host = std::make_unique<libp2p::Host>(runtime.env(), network(number, nullptr));
    EXPECT_TRUE(runtime.run(host->start()));
    return host;
  }

  void connect(Node& from, std::uint8_t to) {
    EXPECT_TRUE(runtime.run(from.host.swarm().connect(peer_of(key_of(to)), {address(to)})));
  }
  void write(std::uint8_t author, int changes) {
    while (authors_.size() < 6) authors_.emplace_back(key_of(static_cast<std::uint8_t>(authors_.size())), 7);
    for (int i = 0; i < changes; ++i) {
      fleet.write(authors_[author], RecordKind::change, grants_[author - 1U],
                  set_change({"key" + std::to_string(i % 10)}, i).to_body());
    }
  }
  [[nodiscard]] bool run_until(const std::function<bool()>& holds, Duration limit) {
    const libp2p::Instant end = runtime.now() + limit;
    while (!holds() && runtime.now() < end) runtime.run_for(std::chrono::milliseconds(100));
    return holds();
  }
  [[nodiscard]] bool caught_up(const Node& node) const {
    return node.fleet.log().vector() == fleet.log.vector();
  }
  [[nodiscard]] RecordId grant_of(std::uint8_t number) const { return grants_[number - 1U]; }

  libp2p::VirtualRuntime runtime;
  FoundedFleet fleet;
  SyncConfig config;

 private:
  static libp2p::Multiaddr address(std::uint8_t number) {
    return must(libp2p::Multiaddr::parse("/memory/" + std::to_string(number)));
  }
  MemoryStore& filled(MemoryStore& store, std::size_t count) const {
    EXPECT_TRUE(store.append(std::span(fleet.log.records()).first(count)));
    return store;
  }
  libp2p::HostConfig network(std::uint8_t number, libp2p::Gater* gater) {
    libp2p::HostConfig host;
    host.identity = key_of(number);
    host.listen = {address(number)};
    host.byte_transports.push_back(
        std::make_unique<libp2p::MemoryTransport>(runtime.env(), network_, number));
    host.gater = gater;
    host.gossipsub.emplace();
    host.connect_discovered = false;
    return host;
  }

  libp2p::LinkTable links_;
  libp2p::MemoryNetwork network_;
  std::vector<RecordId> grants_;
  std::vector<Author> authors_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace starling::testing
