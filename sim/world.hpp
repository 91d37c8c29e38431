// A whole fleet in one thread on virtual time, from one seed: the same objects that a daemon runs, over
// links, disks and data planes that do as they are told.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/protocols/mdns/virtual_lan.hpp"
#include "libp2p/transport/memory/memory_transport.hpp"
#include "sim/data_plane.hpp"
#include "starling/changelog/memory_store.hpp"
#include "starling/daemon/node.hpp"

namespace starling::sim {

struct WorldConfig {
  std::uint64_t seed = 1;
  std::size_t nodes = 3;
  libp2p::LinkQuality link{.latency = std::chrono::milliseconds(5)};
  bool gossip = true;
  // How wrong each node's clock is; missing entries are right.
  std::vector<std::chrono::milliseconds> clock_errors = {};
};

class World {
 public:
  // Founds the fleet: node 0 is there, every other one holds a token. Nothing runs before start().
  explicit World(WorldConfig config, libp2p::Log* log = nullptr);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  [[nodiscard]] std::size_t size() const noexcept { return machines_.size(); }
  [[nodiscard]] libp2p::VirtualRuntime& runtime() noexcept { return runtime_; }
  [[nodiscard]] FleetNode& node(std::size_t index) { return *machines_.at(index)->node; }
  [[nodiscard]] DataPlane& data_plane(std::size_t index) { return machines_.at(index)->data_plane; }
  [[nodiscard]] const PrivateKey& key(std::size_t index) const { return machines_.at(index)->key; }
  [[nodiscard]] bool running(std::size_t index) const { return machines_.at(index)->node != nullptr; }

  void start(std::size_t index);
  void start_all();
  // Loses power: connections fall silent, what was not on disk is gone. The data plane goes on.
  void crash(std::size_t index);
  void run_for(Duration duration) { runtime_.run_for(duration); }
  // Runs until every node has joined, at most `limit`. False when it took longer.
  [[nodiscard]] bool run_until_joined(Duration limit);
  // Runs until `holds`, asked every 100 ms, at most `limit`.
  [[nodiscard]] bool run_until(const std::function<bool()>& holds, Duration limit);

  // The nodes of `group` see each other only.
  void partition(const std::vector<std::size_t>& group);
  void heal();
  void set_link(libp2p::LinkQuality quality);

  // A PUT at one node; the change's id once it is acknowledged.
  [[nodiscard]] std::expected<Written, WriteFault> write(std::size_t index, Path path, json::value value);
  // The same without waiting: `done` is told.
  void begin_write(std::size_t index, Path path, json::value value,
                   std::function<void(const std::expected<Written, WriteFault>&)> done);

  // Same records, same revision, same document running everywhere?
  [[nodiscard]] bool agreed() const;
  // What keeps them from it, for people.
  [[nodiscard]] std::string disagreement() const;

  // Over every event of every node, with its time: the same seed and calls give the same hash (invariant 12).
  [[nodiscard]] libp2p::Sha256Digest trace_hash() const;

 private:
  class Tracer;
  struct Machine {
    explicit Machine(Env e);
    ~Machine();
    Env env;
    PrivateKey key;
    std::optional<JoinRequest> join;
    MemoryStore store;
    DataPlane data_plane;
    std::unique_ptr<Tracer> tracer;
    std::unique_ptr<FleetNode> node;
  };

  void found();
  Task<> write_at(std::size_t index, Path path, json::value value,
                  std::function<void(const std::expected<Written, WriteFault>&)> done);
  [[nodiscard]] bool can_hear(std::size_t from, std::size_t to) const;

  WorldConfig config_;
  libp2p::VirtualRuntime runtime_;
  libp2p::LinkTable links_;
  libp2p::MemoryNetwork network_;
  libp2p::mdns::VirtualLan lan_;
  FleetId fleet_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::size_t> group_of_;  // by node; equal numbers hear each other
  Bytes trace_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling::sim
