// Keeps this node's records and statuses in step with its peers': gossip tells quickly, pulling makes sure
// (rule L5).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "libp2p/base/task_group.hpp"
#include "libp2p/protocols/gossipsub/gossipsub.hpp"
#include "libp2p/swarm/swarm.hpp"
#include "starling/fleet/fleet.hpp"
#include "starling/sync/gate.hpp"
#include "starling/sync/status_board.hpp"

namespace starling {

struct SyncConfig {
  bool gossip = true;                              // off: convergence must come from pulling alone
  Duration pull_least = std::chrono::seconds(10);  // anti-entropy, with jitter between the two
  Duration pull_most = std::chrono::seconds(30);
  Duration pull_timeout = std::chrono::seconds(60);
  std::size_t whole_record_bytes = 32 * 1024;  // larger ones are announced by name
};

class StatusListener {
 public:
  virtual ~StatusListener() = default;
  virtual void on_status(const PeerId& /*node*/) {}
};

class SyncService final : private FleetObserver, private libp2p::SwarmObserver {
 public:
  // All must outlive it.
  SyncService(Env env, libp2p::Swarm& swarm, libp2p::Gossipsub& gossip, Fleet& fleet, Gate& gate,
              SyncConfig config = {});
  ~SyncService() override;

  void start();
  [[nodiscard]] Task<> stop();

  // What this node says of itself; sent soon, and again with every heartbeat. Identity, counters, clock and
  // heads are filled in here.
  void set_local_status(Status status);
  [[nodiscard]] const Status& local_status() const noexcept { return local_; }
  [[nodiscard]] const StatusBoard& board() const noexcept { return board_; }
  // Connected, or heard of within three heartbeats.
  [[nodiscard]] bool is_online(const PeerId& node) const;
  // Does `node` hold the record on disk, as far as its last status shows?
  [[nodiscard]] bool holds(const PeerId& node, const RecordId& record) const;

  void add_listener(StatusListener& listener) { listeners_.push_back(&listener); }
  void remove_listener(StatusListener& listener) { std::erase(listeners_, &listener); }

 private:
  // FleetObserver
  void on_records(const std::vector<RecordPtr>& records) override;
  void on_charter_changed() override;
  // SwarmObserver
  void on_peer_connected(const PeerId& peer) override;

  Task<> serve_pull(libp2p::InboundStream inbound);
  Task<> pull_periodically();
  Task<> tell_status_periodically();
  void want_pull(const PeerId& peer);
  Task<> pull_until_settled(PeerId peer);
  Task<libp2p::Result<>> pull_once(PeerId peer);
  Task<> prove_membership(PeerId peer);

  void subscribe();
  [[nodiscard]] libp2p::GossipVerdict check_announcement(BytesView data);
  void on_announcement(const libp2p::GossipMessage& message);
  void on_status_message(const libp2p::GossipMessage& message);
  Task<> take_announced(PeerId from, RecordPtr record);
  void announce(const RecordPtr& record);
  void take_status(BytesView envelope, const std::optional<PeerId>& proven_sender);
  void publish_status();
  void keep_members_connected();

  [[nodiscard]] std::string topic(std::string_view name) const;

  Env env_;
  libp2p::Swarm& swarm_;
  libp2p::Gossipsub& gossip_;
  Fleet& fleet_;
  Gate& gate_;
  SyncConfig config_;
  StatusBoard board_;
  Status local_;
  Bytes local_envelope_;
  libp2p::Notifier status_changed_;
  bool status_due_ = false;
  // Peers a pull runs with; true: pull once more afterwards.
  std::map<PeerId, bool> pulling_;
  std::set<PeerId> kept_;
  // The record that the validator has just opened, so that the handler need not verify it again.
  RecordPtr announced_;
  std::vector<StatusListener*> listeners_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
