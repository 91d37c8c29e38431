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
#include "sim/machine.hpp"
#include "sim/withholder.hpp"
#include "starling/changelog/anchor.hpp"
#include "starling/daemon/node.hpp"

namespace starling::sim {

struct WorldConfig {
  std::uint64_t seed = 1;
  std::size_t nodes = 3;
  libp2p::LinkQuality link{.latency = std::chrono::milliseconds(5)};
  bool gossip = true;
  // How wrong each node's clock is; missing entries are right.
  std::vector<std::chrono::milliseconds> clock_errors = {};
  // All are members from the beginning, by root's grant, and hold no token.
  bool joined = false;
  bool admin = false;  // then node 1 is one
  Duration disk_latency{};
};

// Two lines of one chain, which begin with what both have in common.
struct Fork {
  ChainId chain;
  std::vector<RecordPtr> common;
  std::vector<RecordPtr> left;
  std::vector<RecordPtr> right;
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
  [[nodiscard]] const FleetId& fleet() const noexcept { return fleet_; }
  [[nodiscard]] const Disk& disk(std::size_t index) const { return machines_.at(index)->disk; }
  [[nodiscard]] PeerId peer(std::size_t index) const {
    return PeerId::from_public_key(machines_.at(index)->key.public_key());
  }
  // How often the machine's disk has been set back or wiped.
  [[nodiscard]] std::size_t disk_lives(std::size_t index) const { return machines_.at(index)->disk_lives; }
  // How often a process has been started on it.
  [[nodiscard]] std::size_t processes(std::size_t index) const { return machines_.at(index)->processes; }
  [[nodiscard]] bool withholding(std::size_t index) const {
    return machines_.at(index)->withholder != nullptr;
  }
  [[nodiscard]] std::size_t forks_told(std::size_t index) const { return machines_.at(index)->forks_told; }

  void start(std::size_t index);
  void start_all();
  // Loses power: connections fall silent, what was not on disk is gone. The data plane goes on.
  void crash(std::size_t index);

  // ---- what goes wrong with machines ----
  void set_clock_error(std::size_t index, std::chrono::milliseconds error);
  // The machine loses power, and comes up with the disk that it once had.
  void restore(std::size_t index, Disk::Image backup);
  // Another machine with this one's disk and identity, running; its number. With its memory as well, it goes
  // on in the same incarnation.
  std::size_t clone(std::size_t index, bool with_memory);
  // Wiped, and let in again as somebody else, invited through `through`.
  void reinstall(std::size_t index, std::size_t through);
  // Serves only part of what it has, until its next start.
  void withhold(std::size_t index);

  // ---- what people and enemies write, past the nodes ----
  // By any key, whose holder has seen what the node holds and opens an incarnation of its own. Nobody has it
  // yet.
  [[nodiscard]] RecordPtr sign(const PrivateKey& key, std::size_t index, RecordKind kind, RecordId grant,
                               Bytes body);
  [[nodiscard]] RecordPtr root_signs(std::size_t index, RecordKind kind, Bytes body) {
    return sign(root_, index, kind, fleet_, std::move(body));
  }
  // And given to that node.
  RecordPtr root_writes(std::size_t index, RecordKind kind, Bytes body);
  // By whoever holds the node's key, at a clock of his own choosing. Nobody has it yet.
  [[nodiscard]] RecordPtr forge(std::size_t index, RecordKind kind, Bytes body,
                                std::chrono::milliseconds clock_error = {},
                                std::optional<RecordId> grant = {});
  // At any clock at all, since it is put after nothing: as if written long ago.
  [[nodiscard]] RecordPtr forge_at(std::size_t index, Hlc clock, Bytes body);
  // A change as one chain that goes two ways: what each body says, in order.
  [[nodiscard]] Fork forge_fork(std::size_t index, const std::vector<Bytes>& common,
                                const std::vector<Bytes>& left, const std::vector<Bytes>& right);
  // As if a peer had brought them, in this order.
  void give(std::size_t index, std::vector<RecordPtr> records);

  void run_for(Duration duration) { runtime_.run_for(duration); }
  // Runs until every node has joined, at most `limit`. False when it took longer.
  [[nodiscard]] bool run_until_joined(Duration limit);
  // Runs until `holds`, asked every 100 ms, at most `limit`.
  [[nodiscard]] bool run_until(const std::function<bool()>& holds, Duration limit);

  // The nodes of `group` see each other only.
  void partition(const std::vector<std::size_t>& group);
  // What `from` sends never comes to `to`; the other way all is well.
  void cut_one_way(std::size_t from, std::size_t to);
  void set_link_up(std::size_t a, std::size_t b, bool up);
  void heal();
  void set_link(libp2p::LinkQuality quality);

  // A PUT at one node; the change's id once it is acknowledged.
  [[nodiscard]] std::expected<Written, WriteFault> write(std::size_t index, Path path, json::value value);
  // The same without waiting: `done` is told.
  void begin_write(std::size_t index, Path path, json::value value,
                   std::function<void(const std::expected<Written, WriteFault>&)> done);

  // Any write of a node's own API, without waiting.
  void begin_proposal(std::size_t index, Propose propose,
                      std::function<void(const std::expected<Written, WriteFault>&)> done);
  // What the node itself signs under its own grant, without waiting.
  void begin_record(std::size_t index, RecordKind kind, Bytes body);
  void begin_checkpoint(std::size_t index);
  // What the node's newest checkpoint covers that is older than `keep` is forgotten there, if the node may.
  void drop_covered(std::size_t index, std::chrono::milliseconds keep);
  // What the node would sign; nothing, where it can't say.
  [[nodiscard]] std::optional<Checkpoint> next_checkpoint(std::size_t index);

  // Same records, same members, same fate of every change, same revision, same document running everywhere?
  [[nodiscard]] bool agreed() const;
  // Same records, as far as they count for anything?
  [[nodiscard]] bool in_step() const;
  // What keeps them from it, for people.
  [[nodiscard]] std::string disagreement() const;

  // Over every event of every node, with its time: the same seed and calls give the same hash (invariant 12).
  [[nodiscard]] libp2p::Sha256Digest trace_hash() const;

 private:
  class Tracer;
  struct Machine {
    explicit Machine(Env truth);
    ~Machine();
    MachineClock clock;
    MachineRandom random;
    SlowWorkers workers;
    Env env;
    PrivateKey key;
    std::optional<JoinRequest> join;
    Disk disk;
    DataPlane data_plane;
    std::size_t disk_lives = 0;
    std::size_t processes = 0;
    std::size_t forks_told = 0;
    std::optional<Bytes> memory;  // what a process that starts here has drawn before
    std::unique_ptr<Tracer> tracer;
    std::unique_ptr<Withholder> withholder;
    std::unique_ptr<FleetNode> node;
  };

  void found();
  Machine& add_machine(std::uint64_t key_number);
  [[nodiscard]] std::pair<JoinRequest, Bytes> invite(std::size_t issuer, std::string name);
  [[nodiscard]] AuthoringContext context_of(std::size_t index) const;
  Task<> accept(std::size_t index, std::vector<RecordPtr> records);
  Task<> write_at(std::size_t index, Propose propose,
                  std::function<void(const std::expected<Written, WriteFault>&)> done);
  Task<> write_checkpoint_at(std::size_t index);
  Task<> drop_at(std::size_t index, std::chrono::milliseconds keep);
  Task<> author_at(std::size_t index, RecordKind kind, Bytes body);
  [[nodiscard]] bool can_hear(std::size_t from, std::size_t to) const;

  WorldConfig config_;
  libp2p::VirtualRuntime runtime_;
  libp2p::LinkTable links_;
  libp2p::MemoryNetwork network_;
  libp2p::mdns::VirtualLan lan_;
  PrivateKey root_;
  FleetId fleet_;
  std::vector<std::unique_ptr<Machine>> machines_;
  Bytes trace_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling::sim
