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
#include "starling/sync/fleet_alarms.hpp"
#include "starling/sync/gate.hpp"
#include "starling/sync/puller.hpp"
#include "starling/sync/status_board.hpp"

namespace starling {

struct SyncConfig {
  bool gossip = true;  // off: convergence must come from pulling alone
  PullConfig pull;
  std::size_t whole_record_bytes = 32 * 1024;  // larger ones are announced by name
};

class StatusListener {
 public:
  virtual ~StatusListener() = default;
  virtual void on_status(const PeerId& /*node*/) {}
  // Raised, or over.
  virtual void on_alarm(const Alarm& /*alarm*/, bool /*raised*/) {}
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
  [[nodiscard]] const Alarms& alarms() const noexcept { return alarms_; }
  // How far a member's clock is behind the fleet's (less than nothing: ahead of it); nothing while no fresh
  // status tells.
  [[nodiscard]] std::optional<std::chrono::milliseconds> clock_offset(const PeerId& node) const;
  // Connected, or heard of within three heartbeats.
  [[nodiscard]] bool is_online(const PeerId& node) const;
  // Does `node` hold the record on disk, as far as its last status shows?
  [[nodiscard]] bool holds(const PeerId& node, const RecordId& record) const;
  [[nodiscard]] const libp2p::GossipsubCounters& gossip_counters() const noexcept {
    return gossip_.counters();
  }

  void add_listener(StatusListener& listener) { listeners_.push_back(&listener); }
  void remove_listener(StatusListener& listener) { std::erase(listeners_, &listener); }

 private:
  // FleetObserver
  void on_records(const std::vector<RecordPtr>& records) override;
  void on_charter_changed() override;
  void on_change_state(const RecordId& change, const ChangeStatus& status) override;
  void on_state_differs(const RecordPtr& anchor) override;
  // SwarmObserver
  void on_peer_connected(const PeerId& peer) override;
  void on_peer_disconnected(const PeerId& peer) override;

  Task<> serve_pull(libp2p::InboundStream inbound);
  [[nodiscard]] AnswerEnd end_of_answer(const libp2p::InboundStream& inbound, const PullRequest& request);
  [[nodiscard]] std::vector<Bytes> statuses_for(const PeerId& asker, std::vector<StatusMark> known) const;
  Task<> prove_membership(PeerId peer);
  Task<> tell_status_periodically();
  Task<> watch_alarms();
  [[nodiscard]] ClockOffsets clock_offsets() const;
  Task<> remember_difference(RecordId anchor);

  void subscribe();
  [[nodiscard]] libp2p::GossipVerdict check_announcement(const libp2p::GossipMessage& message);
  void on_announcement(const libp2p::GossipMessage& message);
  void on_status_message(const libp2p::GossipMessage& message);
  Task<> take_announced(PeerId from, RecordPtr record);
  void announce(const RecordPtr& record);
  void take_status(BytesView envelope, const std::optional<PeerId>& proven_sender);
  void update_fleet_time();
  void publish_status();
  void keep_members_connected();
  // Nothing while it is not certain: records on their way to the disk, or held by our clock alone.
  [[nodiscard]] std::optional<StateMark> state_mark() const;
  [[nodiscard]] Alarms::Holds holds_record() const;
  [[nodiscard]] Duration fresh_for() const;
  void find_held();

  [[nodiscard]] std::string topic(std::string_view name) const;

  Env env_;
  libp2p::Swarm& swarm_;
  libp2p::Gossipsub& gossip_;
  Fleet& fleet_;
  Gate& gate_;
  SyncConfig config_;
  StatusBoard board_;
  Alarms alarms_;
  Puller puller_;
  Status local_;
  Bytes local_envelope_;
  libp2p::Notifier status_changed_;
  bool status_due_ = false;
  std::set<RecordId> held_;  // changes that enter by fleet time, which differs from node to node (L7)
  std::set<PeerId> kept_;
  // The record that the validator has just opened, so that the handler need not verify it again.
  RecordPtr announced_;
  std::vector<StatusListener*> listeners_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
