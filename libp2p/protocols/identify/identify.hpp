// Who the peers are, and who we are (identify/README.md): what each speaks, where it listens, how it sees us.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/protocols/identify/learner.hpp"
#include "libp2p/protocols/identify/message.hpp"
#include "libp2p/protocols/identify/observed_addresses.hpp"
#include "libp2p/protocols/identify/own_record.hpp"
#include "libp2p/protocols/identify/push_gate.hpp"
#include "libp2p/swarm/swarm.hpp"

namespace libp2p {

struct IdentifyConfig {
  std::string agent = "libp2p";                 // NAME/VERSION of the program
  std::string protocol_version = "ipfs/0.1.0";  // the family of protocols
  Duration timeout = std::chrono::seconds(10);  // one exchange
  unsigned attempts = 3;                        // to ask over one connection
  Duration retry_after = std::chrono::seconds(5);
  Duration address_ttl = std::chrono::hours(1);  // in the peerstore, after it was told or the peer left
  Duration push_debounce = std::chrono::milliseconds(250);
  Duration push_interval =
      identify::PushGate::interval;                    // between pushes to the same peers: they keep no more
  Duration check_interval = std::chrono::seconds(10);  // how soon other addresses of the machine are noticed
  std::size_t max_serving_per_peer = 8;                // questions and pushes of one peer at a time
};

// Asks every peer that connects, answers all that ask, and pushes what changes here. Keeps the swarm's
// peerstore and tells the swarm's observers. Owned by the host.
class Identify final : private SwarmObserver {
 public:
  // `swarm` must outlive this.
  Identify(Env env, Swarm& swarm, IdentifyConfig config = {});
  ~Identify() override;

  void start();
  [[nodiscard]] Task<> stop();

  // What the peer has told on its present connection; waits for it, and asks when nobody has or the last
  // attempt failed. Errors: not_found (not connected), and those of the exchange.
  [[nodiscard]] Task<Result<IdentifyInfo>> identify(PeerId peer);
  // The same without asking.
  [[nodiscard]] std::optional<IdentifyInfo> info(const PeerId& peer) const;
  // Addresses of ours that enough peers in different networks have seen; they are told to others.
  [[nodiscard]] std::vector<Multiaddr> observed_addresses();

  struct Counters {
    std::uint64_t identified = 0, failed = 0, answered = 0, impostors = 0;
    std::uint64_t pushes_kept = 0, pushes_refused = 0, pushes_sent = 0;
  };
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  // Peers that something is kept of here: never more than are connected.
  [[nodiscard]] std::size_t size() const noexcept { return peers_.size(); }

 private:
  // Tasks that are under way share it with peers_, which lets go of it when the peer leaves.
  struct Peer {
    std::optional<IdentifyInfo> info;
    std::optional<Error> failure;  // of the last attempt
    std::size_t asking = 0;        // exchanges under way
    std::size_t serving = 0;       // its questions and pushes under way
    std::set<ConnectionId> asked;  // so that each connection is asked over once
    identify::PushGate gate;
    std::optional<std::uint64_t> told;  // the revision of ours that it has
  };
  using PeerPtr = std::shared_ptr<Peer>;
  // What the swarm's handlers keep of us: a run may begin after stop().
  struct Handle {
    Identify* self;
  };
  using Serve = Task<> (Identify::*)(InboundStream, PeerPtr);

  void on_connection_opened(const ConnectionInfo& connection) override;
  void on_connection_closed(const ConnectionInfo& connection, const Error& why) override;
  void on_peer_disconnected(const PeerId& peer) override;
  void on_local_change() override;

  [[nodiscard]] PeerPtr find(const PeerId& peer) const;
  // Null when it is not connected.
  [[nodiscard]] PeerPtr find_or_add(const PeerId& peer);
  [[nodiscard]] std::optional<ConnectionInfo> connection_of(const PeerId& peer, ConnectionId id) const;
  // Any that is not restricted.
  [[nodiscard]] std::optional<ConnectionId> connection_to(const PeerId& peer) const;

  void serve(std::string_view protocol, Serve how);
  static Task<> hand_over(std::shared_ptr<Handle> handle, InboundStream inbound, Serve how);
  [[nodiscard]] Task<> answer(InboundStream inbound, PeerPtr state);
  [[nodiscard]] Task<> take_push(InboundStream inbound, PeerPtr state);
  [[nodiscard]] Task<Result<>> send_own_message(Stream& stream, PeerPtr state,
                                                std::optional<Multiaddr> observed);

  void begin_asking(const PeerId& peer, ConnectionId connection);
  [[nodiscard]] Task<> ask_until_told(PeerId peer, ConnectionId connection, PeerPtr state);
  [[nodiscard]] Task<> ask_at(Instant at, PeerId peer, ConnectionId connection, PeerPtr state);
  [[nodiscard]] Task<Result<>> ask(PeerId peer, ConnectionId connection, PeerPtr state);
  [[nodiscard]] Task<Result<identify::Message>> exchange(ConnectionId connection);
  [[nodiscard]] Result<> learn(const ConnectionInfo& connection, const identify::Message& message,
                               bool partial, Peer& state);

  [[nodiscard]] std::vector<Multiaddr> told_addresses();
  void note_local_change();
  [[nodiscard]] Task<> watch_local_changes();
  [[nodiscard]] Task<> push_changes();
  // To a peer that takes pushes and has not the newest.
  void push_where_due(const PeerId& peer, const PeerPtr& state);
  [[nodiscard]] Task<> push(PeerId peer, PeerPtr state);
  [[nodiscard]] Task<Result<>> push_exchange(PeerId peer, PeerPtr state);

  Env env_;
  Swarm& swarm_;
  IdentifyConfig config_;
  identify::OwnRecord own_record_;
  identify::Learner learner_;
  identify::ObservedAddresses observed_;
  std::map<PeerId, PeerPtr> peers_;  // the connected ones
  // What is told to others, and the count of its changes.
  std::vector<Multiaddr> own_addresses_;
  std::vector<std::string> own_protocols_;
  std::uint64_t revision_ = 0;
  std::uint64_t pushed_revision_ = 0;
  Counters counters_;
  std::shared_ptr<Handle> handle_;
  Notifier progress_;  // an exchange has ended, or a peer has gone
  Notifier local_changed_;
  TaskGroup tasks_;
};

}  // namespace libp2p
