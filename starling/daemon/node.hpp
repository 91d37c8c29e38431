// One node, whole, whatever it runs on: the same object in a daemon and in a simulated fleet.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/task_group.hpp"
#include "libp2p/protocols/gossipsub/gossipsub.hpp"
#include "libp2p/protocols/identify/identify.hpp"
#include "libp2p/protocols/mdns/mdns.hpp"
#include "libp2p/protocols/ping/ping.hpp"
#include "libp2p/swarm/swarm.hpp"
#include "starling/api/api_context.hpp"
#include "starling/sync/admission.hpp"
#include "starling/sync/joiner.hpp"

namespace starling {

struct NodeOptions {
  std::string name;
  std::string version;
  std::vector<Multiaddr> listen;
  std::optional<JoinRequest> join;  // still to be done
  ApplierConfig applier;
  SyncConfig sync;
  libp2p::SwarmConfig swarm;
  libp2p::MdnsConfig mdns;
};

// What a node stands on; all of it outlives the node.
struct NodeGround {
  PrivateKey identity;
  FleetId fleet;
  Store& store;
  Driver& driver;
  std::vector<std::unique_ptr<libp2p::Transport>> transports;
  libp2p::PeerstoreFile* peerstore = nullptr;
  std::unique_ptr<libp2p::mdns::MulticastPort> multicast;  // null: no mDNS
  Applier::SaveBeforeFirstApply save_before_first_apply;
};

class FleetNode final : private FleetObserver, private StatusListener {
 public:
  FleetNode(Env env, NodeGround ground, NodeOptions options);
  ~FleetNode() override;

  // Reads the store (blocking), listens, and begins. Errors: those of the store and of listening.
  [[nodiscard]] Task<Result<>> start();
  [[nodiscard]] Task<> stop();

  // Waits until this node is a member. Errors: refused, when no member will ever admit it with this token.
  [[nodiscard]] Task<Result<>> wait_joined();
  [[nodiscard]] bool joined() const { return fleet_.charter().member(swarm_.local_peer()) != nullptr; }

  [[nodiscard]] ApiContext& api() noexcept { return api_; }
  [[nodiscard]] libp2p::Swarm& swarm() noexcept { return swarm_; }
  [[nodiscard]] Fleet& fleet() noexcept { return fleet_; }
  [[nodiscard]] SyncService& sync() noexcept { return sync_; }
  [[nodiscard]] Applier& applier() noexcept { return applier_; }
  [[nodiscard]] Writer& writer() noexcept { return writer_; }

 private:
  void on_charter_changed() override;
  void on_revision_changed() override;
  void on_change_state(const RecordId& change, const ChangeStatus& status) override;
  void on_fork(const RecordPtr& rival) override;
  void on_status(const PeerId& node) override;

  void tell_status();
  void on_data_plane(const DataPlaneEvent& event);
  Task<> tick();
  Task<> join();
  Task<bool> try_to_join(PeerId peer, std::vector<Multiaddr> addresses);
  void on_discovered(const PeerId& peer);

  Env env_;
  NodeOptions options_;
  // In the order in which each needs the ones before it.
  Fleet fleet_;
  Gate gate_;
  libp2p::Swarm swarm_;
  libp2p::Ping ping_;
  libp2p::Identify identify_;
  libp2p::Gossipsub gossip_;
  std::unique_ptr<libp2p::Mdns> mdns_;
  AdmissionService admission_;
  SyncService sync_;
  Applier applier_;
  Writer writer_;
  EventLog events_;
  ApiContext api_;
  std::set<PeerId> join_candidates_;
  std::optional<Error> join_refused_;
  libp2p::Notifier join_progress_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
