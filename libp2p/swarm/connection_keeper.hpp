// The lives of connections, from the end of their handshake: admitted, announced, served, closed.
#pragma once

#include <map>

#include "libp2p/base/task_group.hpp"
#include "libp2p/swarm/connection_table.hpp"
#include "libp2p/swarm/event_queue.hpp"
#include "libp2p/swarm/idle_policy.hpp"
#include "libp2p/swarm/protections.hpp"
#include "libp2p/swarm/stream_router.hpp"

namespace libp2p::swarm {

// What the swarm's other parts need to know at once, from inside: unlike observers they see a consistent
// state.
class ConnectionWatcher {
 public:
  virtual ~ConnectionWatcher() = default;
  // A connection is up, be it restricted.
  virtual void on_reached(const PeerId& peer, Direction direction) = 0;
  // No unrestricted one is left.
  virtual void on_lost(const PeerId& peer) = 0;
  // The round trip of a connection was measured, or has changed.
  virtual void on_rtt(const PeerId& peer, const Multiaddr& remote, Duration rtt) = 0;
};

class ConnectionKeeper {
 public:
  struct Parts {
    const SwarmConfig& config;
    Resources& resources;
    Gater& gater;
    Protections& protections;
    StreamRouter& router;
    EventQueue& events;
    TaskGroup& tasks;
    ConnectionWatcher& watcher;
  };
  ConnectionKeeper(Env env, PeerId local, Parts parts);

  // Takes over a connection whose peer is proven; `why` this way was taken. Errors: refused (the gater; our
  // own peer id), limit.
  [[nodiscard]] Result<ConnectionPtr> add(std::unique_ptr<MuxedConnection> muxed, Direction direction,
                                          std::string why);
  void promote(ConnectionId id);
  void recheck_admissions();
  // Somebody has begun or ceased to protect the peer.
  void protection_changed(const PeerId& peer);
  void close_all(const Error& why);
  // The task that closes what is idle; ends by cancellation.
  [[nodiscard]] Task<> sweep();

  [[nodiscard]] const ConnectionTable& table() const noexcept { return table_; }
  // Of connections that are gone, and of all that are there.
  [[nodiscard]] std::uint64_t bytes_in() const;
  [[nodiscard]] std::uint64_t bytes_out() const;

 private:
  void make_room_of_peer(const PeerId& peer, bool restricted);
  void drop_a_stranger();
  void make_room_in_all(const PeerId& peer, Direction direction);
  [[nodiscard]] Standing standing(const PeerId& peer, bool restricted) const;
  [[nodiscard]] IdleView view(const Connection& connection) const;
  void restrict(const ConnectionPtr& connection);
  void announce(const ConnectionPtr& connection);
  void settle(const PeerId& peer);
  void doubt_older(const ConnectionPtr& newer);
  [[nodiscard]] Task<> doubt(ConnectionPtr older);
  [[nodiscard]] Task<> serve(ConnectionPtr connection);
  void retire(const ConnectionPtr& connection, const Error& why);
  void sweep_once();
  void note_rtt(Connection& connection);

  Env env_;
  Parts parts_;
  PeerId local_;
  ConnectionTable table_;
  ConnectionId next_id_ = 1;
  std::map<PeerId, std::size_t> announced_;  // live connections that observers know of; no zeros
  std::uint64_t past_bytes_in_ = 0;
  std::uint64_t past_bytes_out_ = 0;
};

}  // namespace libp2p::swarm
