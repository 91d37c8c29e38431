#include "libp2p/swarm/connection_keeper.hpp"

#include <algorithm>
#include <map>

#include "libp2p/base/uncancelled.hpp"
#include "libp2p/swarm/transport_kind.hpp"

namespace libp2p::swarm {
namespace {

constexpr std::chrono::seconds sweep_period(1);
// What the handshake and the frames of a restricted connection may add to the bytes of its streams.
constexpr std::uint64_t restricted_overhead_bytes = 32ULL * 1024;

}  // namespace

ConnectionKeeper::ConnectionKeeper(Env env, PeerId local, Parts parts)
    : env_(env), parts_(parts), local_(local), table_(std::move(local)) {}

Result<ConnectionPtr> ConnectionKeeper::add(std::unique_ptr<MuxedConnection> muxed, Direction direction,
                                            std::string why) {
  const PeerId peer = muxed->remote_peer();
  if (peer == local_) return fail(Errc::refused, "the address is our own");
  const Admission admission = parts_.gater.admit(peer, direction);
  if (admission == Admission::refused) return fail(Errc::refused, peer.to_string() + " is not admitted");
  const bool restricted = admission == Admission::restricted;
  const Standing its_standing = standing(peer, restricted);
  make_room_of_peer(peer, restricted);
  LIBP2P_CHECK(parts_.resources.may_connect(peer, muxed->remote(), direction, its_standing));
  make_room_in_all(peer, direction);
  LIBP2P_TRY(auto account, parts_.resources.open_connection(peer, muxed->remote(), direction, its_standing));
  muxed->draw_from(account);

  auto connection =
      std::make_shared<Connection>(next_id_++, std::move(account), std::move(muxed), direction, env_.now());
  connection->restricted = restricted;
  connection->reached_by = std::move(why);
  table_.add(connection);
  if (restricted) {
    restrict(connection);
  } else {
    announce(connection);
  }
  parts_.tasks.spawn("connection", serve(connection));
  parts_.watcher.on_reached(peer, direction);
  return connection;
}

IdleView ConnectionKeeper::view(const Connection& connection) const {
  return {.streams = connection.muxed->stream_count(),
          .unused = env_.now() - connection.last_used,
          .age = env_.now() - connection.opened,
          .weight = parts_.protections.weight(connection.peer()),
          .protected_peer = parts_.protections.covers(connection.peer()),
          .superseded = connection.superseded,
          .restricted = connection.restricted};
}

Standing ConnectionKeeper::standing(const PeerId& peer, bool restricted) const {
  if (restricted) return Standing::unauthenticated;
  return parts_.protections.covers(peer) ? Standing::reserved : Standing::ordinary;
}

// Closes what the new connection replaces of its own peer's.
void ConnectionKeeper::make_room_of_peer(const PeerId& peer, bool restricted) {
  const SwarmConfig& config = parts_.config;
  std::size_t of_peer = 0;
  ConnectionPtr dispensable;
  for (const ConnectionPtr& connection : table_.of(peer)) {
    if (connection->closing) continue;
    // One restricted connection a peer is enough: the new one takes the place.
    if (restricted && connection->restricted) {
      connection->close({Errc::closed, "replaced by a newer connection"});
      continue;
    }
    ++of_peer;
    if (!dispensable && (connection->superseded || connection->restricted)) dispensable = connection;
  }
  if (restricted) drop_a_stranger();
  if (of_peer >= config.limits.connections_per_peer && dispensable) {
    dispensable->close({Errc::closed, "replaced by a newer connection"});
  }
}

// Where there are as many strangers as may be: many of one network give way before one of another, and of
// equals the oldest. So nobody is kept out by those who came before.
void ConnectionKeeper::drop_a_stranger() {
  std::vector<ConnectionPtr> strangers;  // the oldest first
  std::map<Bytes, std::size_t> of_network;
  for (const ConnectionPtr& connection : table_.all()) {
    if (!connection->restricted || connection->closing) continue;
    strangers.push_back(connection);
    ++of_network[host_network(connection->muxed->remote())];
  }
  if (strangers.size() < parts_.config.max_restricted) return;
  const auto victim = std::ranges::max_element(strangers, {}, [&of_network](const ConnectionPtr& one) {
    return of_network[host_network(one->muxed->remote())];
  });
  (*victim)->close({Errc::limit, std::to_string(parts_.config.max_restricted) +
                                     " connections to peers that aren't admitted (max_restricted)"});
}

// One of another peer's gives way. Only for a connection that nothing else stands against: whoever is refused
// for its own sake must not have cost others their connections.
void ConnectionKeeper::make_room_in_all(const PeerId& peer, Direction direction) {
  const ResourceLimits& limits = parts_.config.limits;
  const ResourceUsage used = parts_.resources.usage();
  const bool full_one_way = direction == Direction::inbound ? used.inbound >= limits.inbound_connections
                                                            : used.outbound >= limits.outbound_connections;
  if (!full_one_way && used.inbound + used.outbound < limits.connections) return;

  std::vector<ConnectionPtr> open;
  std::vector<IdleView> views;
  for (const ConnectionPtr& connection : table_.all()) {
    if (connection->closing || (full_one_way && connection->direction != direction)) continue;
    open.push_back(connection);
    views.push_back(view(*connection));
  }
  if (const auto victim = choose_victim(views, parts_.protections.covers(peer))) {
    open[*victim]->close({Errc::limit, "closed to make room"});
  }
}

void ConnectionKeeper::restrict(const ConnectionPtr& connection) {
  connection->restricted_deadline.emplace(env_, parts_.config.restricted_lifetime,
                                          [weak = std::weak_ptr<Connection>(connection)] {
                                            if (const ConnectionPtr late = weak.lock())
                                              late->close({Errc::timeout, "not admitted in time"});
                                          });
}

void ConnectionKeeper::announce(const ConnectionPtr& connection) {
  const PeerId& peer = connection->peer();
  if (++announced_[peer] == 1) {
    parts_.events.post([peer](SwarmObserver& observer) { observer.on_peer_connected(peer); });
    const Multiaddr& at = connection->muxed->remote();
    env_.log.info("peer.connected", {{"peer", peer.short_string()},
                                     {"at", at.to_string()},
                                     {"transport", to_string(transport_kind(at))},
                                     {"why", connection->reached_by}});
  }
  parts_.events.post(
      [info = connection->info()](SwarmObserver& observer) { observer.on_connection_opened(info); });
  settle(peer);
  doubt_older(connection);
}

// Whoever dials although there is a connection may have restarted: nothing tells us that a QUIC connection's
// other end is gone, and as long as it seems to be there it may be the one that is used.
void ConnectionKeeper::doubt_older(const ConnectionPtr& newer) {
  for (const ConnectionPtr& older : table_.of(newer->peer())) {
    if (older == newer || !older->usable() || std::exchange(older->doubted, true)) continue;
    parts_.tasks.spawn("doubted connection", doubt(older));
  }
}

// On a slow path an answer may be late behind much else: whatever comes is a sign of life.
Task<> ConnectionKeeper::doubt(ConnectionPtr older) {
  bool dead = false;
  for (bool answered = false; !answered && !dead && !older->closing;) {
    const std::uint64_t before = older->muxed->bytes_in();
    const Duration rtt = older->muxed->rtt().value_or(Duration::zero());
    answered = co_await parts_.router.answers(older, parts_.config.doubt_patience + rtt);
    dead = !answered && older->muxed->bytes_in() == before;
  }
  older->doubted = false;
  if (dead) older->close({Errc::timeout, "no answer, and the peer has come again"});
}

void ConnectionKeeper::settle(const PeerId& peer) {
  for (const ConnectionPtr& replaced : table_.settle(peer, parts_.config.simultaneous)) {
    replaced->last_used = env_.now();
    parts_.events.post(
        [info = replaced->info()](SwarmObserver& observer) { observer.on_connection_superseded(info); });
  }
}

void ConnectionKeeper::promote(ConnectionId id) {
  const ConnectionPtr connection = table_.find(id);
  if (!connection || connection->closing || !connection->restricted) return;
  connection->restricted = false;
  connection->account->set_standing(standing(connection->peer(), false));
  connection->restricted_deadline.reset();
  announce(connection);
  parts_.watcher.on_reached(connection->peer(), connection->direction);
}

void ConnectionKeeper::recheck_admissions() {
  for (const ConnectionPtr& connection : table_.all()) {
    if (connection->closing) continue;
    const Admission admission = parts_.gater.admit(connection->peer(), connection->direction);
    if (admission == Admission::full) {
      promote(connection->id);
    } else if (admission == Admission::refused || !connection->restricted) {
      connection->close({Errc::refused, "no longer admitted"});
    }
  }
}

void ConnectionKeeper::protection_changed(const PeerId& peer) {
  for (const ConnectionPtr& connection : table_.of(peer)) {
    connection->account->set_standing(standing(peer, connection->restricted));
  }
}

void ConnectionKeeper::close_all(const Error& why) {
  for (const ConnectionPtr& connection : table_.all()) connection->close(why);
}

// It ends when the connection does, and is not cancelled before: only so can the connection be joined.
Task<> ConnectionKeeper::serve(ConnectionPtr connection) {
  const UncancelledSection section = co_await begin_uncancelled();
  for (;;) {
    auto stream = co_await connection->muxed->accept_stream();
    if (!stream) break;
    parts_.router.accept(connection, std::move(*stream));
  }
  const Error why =
      connection->closed_because ? *connection->closed_because : co_await connection->muxed->wait_closed();
  retire(connection, why);
  co_await connection->muxed->stop();
  co_await end_uncancelled(section);
}

void ConnectionKeeper::retire(const ConnectionPtr& connection, const Error& why) {
  connection->closing = true;
  connection->account->leave();
  connection->restricted_deadline.reset();
  note_rtt(*connection);
  table_.remove(connection->id);
  past_bytes_in_ += connection->muxed->bytes_in();
  past_bytes_out_ += connection->muxed->bytes_out();
  const PeerId& peer = connection->peer();
  env_.log.debug("connection.closed", {{"peer", peer.short_string()}, {"why", why.to_string()}});
  if (connection->restricted) return;

  parts_.events.post([info = connection->info(), why](SwarmObserver& observer) {
    observer.on_connection_closed(info, why);
  });
  const auto count = announced_.find(peer);
  if (--count->second == 0) {
    announced_.erase(count);
    parts_.events.post([peer](SwarmObserver& observer) { observer.on_peer_disconnected(peer); });
  }
  settle(peer);
  if (!table_.in_use(peer)) parts_.watcher.on_lost(peer);
}

Task<> ConnectionKeeper::sweep() {
  for (;;) {
    co_await sleep_for(env_, sweep_period);
    sweep_once();
  }
}

void ConnectionKeeper::note_rtt(Connection& connection) {
  const std::optional<Duration> rtt = connection.muxed->rtt();
  if (!rtt || rtt == connection.noted_rtt) return;
  connection.noted_rtt = rtt;
  parts_.watcher.on_rtt(connection.peer(), connection.muxed->remote(), *rtt);
}

void ConnectionKeeper::sweep_once() {
  for (const ConnectionPtr& connection : table_.all()) {
    if (connection->closing) continue;
    note_rtt(*connection);
    const IdleView seen = view(*connection);
    if (seen.streams > 0) connection->last_used = env_.now();
    if (is_idle(seen, parts_.config)) {
      connection->close({Errc::closed, seen.superseded ? "another connection is used instead" : "idle"});
    }
    // Bytes that nobody reads count, too.
    const std::uint64_t most = parts_.config.restricted_max_bytes + restricted_overhead_bytes;
    if (connection->restricted && connection->muxed->bytes_in() > most) {
      connection->close({Errc::limit, "too many bytes from a peer that isn't admitted"});
    }
  }
}

std::uint64_t ConnectionKeeper::bytes_in() const {
  std::uint64_t sum = past_bytes_in_;
  for (const ConnectionPtr& connection : table_.all()) sum += connection->muxed->bytes_in();
  return sum;
}

std::uint64_t ConnectionKeeper::bytes_out() const {
  std::uint64_t sum = past_bytes_out_;
  for (const ConnectionPtr& connection : table_.all()) sum += connection->muxed->bytes_out();
  return sum;
}

}  // namespace libp2p::swarm
