#include "libp2p/swarm/connection_table.hpp"

#include <algorithm>

namespace libp2p::swarm {

ConnectionInfo Connection::info() const {
  return {.id = id,
          .peer = muxed->remote_peer(),
          .key = muxed->remote_key(),
          .direction = direction,
          .local = muxed->local(),
          .remote = muxed->remote(),
          .opened = opened,
          .security = std::string(muxed->security()),
          .muxer = std::string(muxed->muxer()),
          .early_muxer = muxed->early_muxer(),
          .restricted = restricted,
          .superseded = superseded,
          .rtt = muxed->rtt(),
          .streams = muxed->stream_count()};
}

void Connection::close(Error why) {
  if (closing) return;
  closing = true;
  closed_because = std::move(why);
  account->leave();
  restricted_deadline.reset();
  muxed->close();
}

std::size_t choose_connection(std::span<const Contender> contenders, bool local_is_smaller,
                              Duration simultaneous) {
  const Direction preferred = local_is_smaller ? Direction::outbound : Direction::inbound;
  std::size_t chosen = 0;
  for (std::size_t i = 1; i < contenders.size(); ++i) {
    const Contender& older = contenders[chosen];
    const Contender& newer = contenders[i];
    const bool both_dialled =
        older.direction != newer.direction && newer.opened - older.opened <= simultaneous;
    if (!both_dialled || newer.direction == preferred) chosen = i;
  }
  return chosen;
}

void ConnectionTable::add(const ConnectionPtr& connection) {
  by_id_.emplace(connection->id, connection);
  by_peer_[connection->peer()].push_back(connection);
}

void ConnectionTable::remove(ConnectionId id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  const ConnectionPtr connection = found->second;
  by_id_.erase(found);
  const auto peer = by_peer_.find(connection->peer());
  std::erase(peer->second, connection);
  if (peer->second.empty()) by_peer_.erase(peer);
}

ConnectionPtr ConnectionTable::find(ConnectionId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::vector<ConnectionPtr> ConnectionTable::all() const {
  std::vector<ConnectionPtr> every;
  every.reserve(by_id_.size());
  for (const auto& [id, connection] : by_id_) every.push_back(connection);
  return every;
}

std::vector<ConnectionPtr> ConnectionTable::of(const PeerId& peer) const {
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? std::vector<ConnectionPtr>{} : found->second;
}

ConnectionPtr ConnectionTable::in_use(const PeerId& peer) const {
  const auto found = by_peer_.find(peer);
  if (found == by_peer_.end()) return nullptr;
  ConnectionPtr fallback;
  for (const ConnectionPtr& connection : found->second) {
    if (!connection->usable()) continue;
    if (!connection->superseded) return connection;
    fallback = connection;
  }
  return fallback;
}

bool ConnectionTable::reaches(const PeerId& peer) const {
  const auto found = by_peer_.find(peer);
  return found != by_peer_.end() && std::ranges::any_of(found->second, [](const ConnectionPtr& connection) {
           return !connection->closing;
         });
}

std::vector<PeerId> ConnectionTable::connected_peers() const {
  std::vector<PeerId> peers;
  for (const auto& [peer, connections] : by_peer_) {
    if (std::ranges::any_of(connections,
                            [](const ConnectionPtr& connection) { return connection->usable(); })) {
      peers.push_back(peer);
    }
  }
  return peers;
}

std::vector<ConnectionPtr> ConnectionTable::settle(const PeerId& peer, Duration simultaneous) {
  std::vector<ConnectionPtr> usable;
  std::vector<Contender> contenders;
  for (const ConnectionPtr& connection : of(peer)) {
    if (!connection->usable()) continue;
    usable.push_back(connection);
    contenders.push_back({connection->direction, connection->opened});
  }
  std::vector<ConnectionPtr> replaced;
  if (usable.empty()) return replaced;
  const std::size_t chosen = choose_connection(contenders, local_ < peer, simultaneous);
  for (std::size_t i = 0; i < usable.size(); ++i) {
    const bool was = std::exchange(usable[i]->superseded, i != chosen);
    if (!was && i != chosen) replaced.push_back(usable[i]);
  }
  return replaced;
}

std::size_t ConnectionTable::restricted_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      by_id_, [](const auto& item) { return item.second->restricted && !item.second->closing; }));
}

}  // namespace libp2p::swarm
