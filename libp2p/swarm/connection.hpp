// One connection as the swarm keeps it.
#pragma once

#include <memory>
#include <optional>

#include "libp2p/base/deadline.hpp"
#include "libp2p/swarm/resources.hpp"
#include "libp2p/swarm/swarm.hpp"

namespace libp2p::swarm {

// Shared by the table, the task that serves the connection, and what uses one of its streams.
struct Connection {
  Connection(ConnectionId number, std::shared_ptr<ConnectionAccount> its_account,
             std::unique_ptr<MuxedConnection> connection, Direction from, Instant now)
      : id(number),
        account(std::move(its_account)),
        muxed(std::move(connection)),
        direction(from),
        opened(now),
        last_used(now) {}

  ConnectionId id;
  std::shared_ptr<ConnectionAccount> account;
  std::unique_ptr<MuxedConnection> muxed;
  Direction direction;
  Instant opened;
  std::string reached_by;  // this way to the peer, for an operator

  bool restricted = false;  // the gater has not admitted it fully
  bool superseded = false;  // another connection to this peer is used instead
  bool doubted = false;     // it is being found out whether the peer is still there
  bool closing = false;
  std::optional<Error> closed_because;  // set by whoever closes it on this side

  Instant last_used;                  // a stream was opened, or seen alive
  std::optional<Duration> noted_rtt;  // what the watcher was told last
  std::size_t inbound_streams = 0;    // being negotiated or handled
  std::uint64_t restricted_bytes = 0;
  bool restricted_stream = false;  // the one stream that a restricted connection gets has been handed on
  std::optional<DeadlineGuard> restricted_deadline;

  [[nodiscard]] const PeerId& peer() const { return muxed->remote_peer(); }
  [[nodiscard]] bool usable() const noexcept { return !restricted && !closing; }
  [[nodiscard]] ConnectionInfo info() const;
  // Begins the end; the task that serves the connection sees to the rest. The first reason stands.
  void close(Error why);
};

using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace libp2p::swarm
