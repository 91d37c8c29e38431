// One node, whole, whatever it runs on: the same object in a daemon and in a simulated fleet.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/task_group.hpp"
#include "libp2p/host/host.hpp"
#include "starling/api/api_context.hpp"
#include "starling/fleet/history_keeper.hpp"
#include "starling/fleet/told_fates.hpp"
#include "starling/sync/admission.hpp"
#include "starling/sync/joiner.hpp"

namespace starling {

struct NodeOptions {
  std::string name;
  std::string version;
  std::optional<JoinRequest> join;  // still to be done
  std::string address = {};         // as its configuration can name it; empty: the first that it advertises
  ApplierConfig applier;
  SyncConfig sync;
  HistoryPolicy history;
};

// What a node stands on; all of it outlives the node.
struct NodeGround {
  PrivateKey identity;
  FleetId fleet;
  Store& store;
  Driver& driver;
  // Where it listens and what it reaches others by. Its identity, who is admitted and which protocols are
  // spoken are the node's own business, and set by it.
  libp2p::HostConfig network;
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
  [[nodiscard]] bool joined() const { return fleet_.charter().member(host_.peer()) != nullptr; }

  [[nodiscard]] ApiContext& api() noexcept { return api_; }
  [[nodiscard]] libp2p::Swarm& swarm() noexcept { return host_.swarm(); }
  [[nodiscard]] Fleet& fleet() noexcept { return fleet_; }
  [[nodiscard]] SyncService& sync() noexcept { return sync_; }
  [[nodiscard]] Applier& applier() noexcept { return applier_; }
  [[nodiscard]] Writer& writer() noexcept { return writer_; }

 private:
  void on_charter_changed() override;
  void on_revision_changed() override;
  void on_change_state(const RecordId& change, const ChangeStatus& status) override;
  void on_fork(const RecordPtr& rival) override;
  void on_ruling(const RecordPtr& ruling) override;
  void on_state_differs(const RecordPtr& anchor) override;
  void on_status(const PeerId& node) override;
  void on_alarm(const Alarm& alarm, bool raised) override;

  void tell_status();
  void on_data_plane(const DataPlaneEvent& event);
  Task<> tick();
  Task<> join();
  Task<bool> try_to_join(PeerId peer, std::vector<Multiaddr> addresses);
  void warn_if_alone();
  void on_discovered(const PeerId& peer);

  Env env_;
  NodeOptions options_;
  // In the order in which each needs the ones before it.
  Fleet fleet_;
  ToldFates told_fates_;
  HistoryKeeper history_;
  Gate gate_;
  libp2p::Host host_;
  AdmissionService admission_;
  SyncService sync_;
  Applier applier_;
  Writer writer_;
  EventLog events_;
  ApiContext api_;
  std::set<PeerId> join_candidates_;
  std::optional<Error> join_refused_;
  std::optional<libp2p::Instant> warn_alone_at_;  // while it looks for a member and reaches none
  libp2p::Notifier join_progress_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
