#include "libp2p/swarm/resources.hpp"

#include <algorithm>
#include <utility>

namespace libp2p::swarm {
namespace {

constexpr std::size_t ip4_bytes = 4;
constexpr std::size_t ip6_56_bytes = 7;
constexpr std::size_t ip6_48_bytes = 6;

// How many are counted under each name; none at zero.
template <class Key>
class Tally {
 public:
  [[nodiscard]] std::size_t of(const Key& key) const {
    const auto found = counts_.find(key);
    return found == counts_.end() ? 0 : found->second;
  }
  void add(const Key& key) { ++counts_[key]; }
  void remove(const Key& key) {
    const auto found = counts_.find(key);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }
  [[nodiscard]] std::size_t size() const noexcept { return counts_.size(); }

 private:
  std::map<Key, std::size_t> counts_;
};

// By prefix, whose length tells what kind of network it is.
using Networks = Tally<Bytes>;

Bytes prefix(const Bytes& value, std::size_t size) {
  return to_bytes(BytesView(value).first(std::min(size, value.size())));
}

}  // namespace

// Shared by all accounts.
class ResourceState {
 public:
  explicit ResourceState(const ResourceLimits& l) : limits(l) {}

  struct OfPeer {
    std::size_t connections = 0;
    std::size_t streams = 0;
    std::size_t memory = 0;
    [[nodiscard]] bool nothing() const noexcept { return connections + streams + memory == 0; }
  };

  [[nodiscard]] OfPeer peer(const PeerId& id) const {
    const auto found = peers.find(id);
    return found == peers.end() ? OfPeer{} : found->second;
  }
  template <class Change>
  void change_peer(const PeerId& id, Change change) {
    OfPeer& of = peers[id];
    change(of);
    if (of.nothing()) peers.erase(id);
  }

  [[nodiscard]] std::optional<Limit> full_network(const Networks& networks, const Multiaddr& remote) const {
    for (const auto& [limit, network] : counted_networks(remote, limits)) {
      if (networks.of(network) >= limits.*limit_info(limit).value) return limit;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Limit> full_pool(std::size_t bytes, Standing standing) const noexcept {
    const auto over = [bytes](std::size_t held, std::size_t limit) {
      return held > limit || limit - held < bytes;
    };
    if (over(used.memory, limits.memory)) return Limit::memory;
    const std::size_t unprotected = limits.memory - std::min(limits.memory, limits.memory_reserved);
    const std::size_t unauthenticated = std::min(limits.memory_unauthenticated, unprotected / 2);
    switch (standing) {
      case Standing::reserved:
        return std::nullopt;
      // Apart from each other: whoever fills the one must not end the handshakes of everybody else.
      case Standing::ordinary:
        if (over(used.memory_unprotected - used.memory_unauthenticated, unprotected - unauthenticated)) {
          return Limit::memory_reserved;
        }
        return std::nullopt;
      case Standing::unauthenticated:
        if (over(used.memory_unauthenticated, unauthenticated)) return Limit::memory_unauthenticated;
        return std::nullopt;
    }
    return std::nullopt;
  }
  // What a connection meets whose place others can't make.
  [[nodiscard]] std::optional<Limit> full_for(const PeerId& id, const Multiaddr& remote, Direction direction,
                                              Standing standing) const;
  void take(std::size_t bytes, Standing standing) noexcept {
    used.memory += bytes;
    if (standing != Standing::reserved) used.memory_unprotected += bytes;
    if (standing == Standing::unauthenticated) used.memory_unauthenticated += bytes;
  }
  void give_back(std::size_t bytes, Standing standing) noexcept {
    used.memory -= bytes;
    if (standing != Standing::reserved) used.memory_unprotected -= bytes;
    if (standing == Standing::unauthenticated) used.memory_unauthenticated -= bytes;
  }
  [[nodiscard]] Error refuse(Limit limit) {
    ++used.refusals[static_cast<std::size_t>(limit)];
    return limit_error(limits, limit);
  }

  ResourceLimits limits;
  ResourceUsage used;
  std::map<PeerId, OfPeer> peers;  // none that hold nothing
  Tally<std::string> protocols;
  Networks upgrading;
  Networks connected;
};

Bytes host_network(const Multiaddr& remote) {
  if (const AddrComponent* v6 = remote.find(AddrProtocol::ip6)) return prefix(v6->value, ip6_56_bytes);
  if (const AddrComponent* v4 = remote.find(AddrProtocol::ip4)) return v4->value;
  return remote.bytes();
}

std::vector<std::pair<Limit, Bytes>> counted_networks(const Multiaddr& remote, const ResourceLimits& limits) {
  if (limits.exempt_loopback != 0 && remote.is_loopback()) return {};
  if (const AddrComponent* v6 = remote.find(AddrProtocol::ip6)) {
    return {{Limit::connections_per_ipv6_56, prefix(v6->value, ip6_56_bytes)},
            {Limit::connections_per_ipv6_48, prefix(v6->value, ip6_48_bytes)}};
  }
  if (const AddrComponent* v4 = remote.find(AddrProtocol::ip4)) {
    return {{Limit::connections_per_ipv4, prefix(v4->value, ip4_bytes)}};
  }
  return {};
}

UpgradeAccount::UpgradeAccount(std::shared_ptr<ResourceState> state, Multiaddr remote)
    : state_(std::move(state)), remote_(std::move(remote)) {
  ++state_->used.upgrading;
  state_->take(connection_base_bytes, Standing::unauthenticated);
  for (const auto& [limit, network] : counted_networks(remote_, state_->limits))
    state_->upgrading.add(network);
}

UpgradeAccount::~UpgradeAccount() {
  if (!state_) return;
  --state_->used.upgrading;
  state_->give_back(connection_base_bytes, Standing::unauthenticated);
  for (const auto& [limit, network] : counted_networks(remote_, state_->limits)) {
    state_->upgrading.remove(network);
  }
}

ConnectionAccount::ConnectionAccount(std::shared_ptr<ResourceState> state, PeerId peer, Multiaddr remote,
                                     Direction direction, Standing standing)
    : state_(std::move(state)),
      peer_(std::move(peer)),
      remote_(std::move(remote)),
      direction_(direction),
      standing_(standing) {
  state_->take(memory_, standing_);
  state_->change_peer(peer_, [this](auto& of) { of.memory += memory_; });
  enter();
}

ConnectionAccount::~ConnectionAccount() {
  leave();
  state_->give_back(memory_, standing_);
  state_->change_peer(peer_, [this](auto& of) { of.memory -= memory_; });
}

void ConnectionAccount::enter() {
  entered_ = true;
  counts_in_network_ = direction_ == Direction::inbound && standing_ != Standing::reserved;
  ++(direction_ == Direction::inbound ? state_->used.inbound : state_->used.outbound);
  state_->change_peer(peer_, [](auto& of) { ++of.connections; });
  if (!counts_in_network_) return;
  for (const auto& [limit, network] : counted_networks(remote_, state_->limits))
    state_->connected.add(network);
}

void ConnectionAccount::leave() {
  if (!std::exchange(entered_, false)) return;
  --(direction_ == Direction::inbound ? state_->used.inbound : state_->used.outbound);
  state_->change_peer(peer_, [](auto& of) { --of.connections; });
  if (!std::exchange(counts_in_network_, false)) return;
  for (const auto& [limit, network] : counted_networks(remote_, state_->limits)) {
    state_->connected.remove(network);
  }
}

void ConnectionAccount::set_standing(Standing standing) {
  if (standing == standing_) return;
  const bool was_in = entered_;
  leave();
  state_->give_back(memory_, standing_);
  standing_ = standing;
  state_->take(memory_, standing_);
  if (was_in) enter();
}

bool ConnectionAccount::try_take(std::size_t bytes) noexcept {
  const ResourceLimits& limits = state_->limits;
  const auto over = [bytes](std::size_t held, std::size_t limit) {
    return held > limit || limit - held < bytes;
  };
  std::optional<Limit> full;
  if (over(memory_, limits.memory_per_connection)) full = Limit::memory_per_connection;
  if (!full && over(state_->peer(peer_).memory, limits.memory_per_peer)) full = Limit::memory_per_peer;
  if (!full) full = state_->full_pool(bytes, standing_);
  if (full) {
    last_refusal_ = *full;
    ++state_->used.refusals[static_cast<std::size_t>(*full)];
    return false;
  }
  memory_ += bytes;
  state_->take(bytes, standing_);
  state_->change_peer(peer_, [bytes](auto& of) { of.memory += bytes; });
  return true;
}

void ConnectionAccount::give_back(std::size_t bytes) noexcept {
  const std::size_t given = std::min(bytes, memory_ - connection_base_bytes);
  memory_ -= given;
  state_->give_back(given, standing_);
  state_->change_peer(peer_, [given](auto& of) { of.memory -= given; });
}

Error ConnectionAccount::refusal() const { return limit_error(state_->limits, last_refusal_); }

Result<std::shared_ptr<StreamAccount>> ConnectionAccount::open_stream(Direction direction) {
  const ResourceLimits& limits = state_->limits;
  const bool inbound = direction == Direction::inbound;
  std::optional<Limit> full;
  if (inbound && inbound_streams_ >= limits.streams_per_connection) full = Limit::streams_per_connection;
  if (state_->peer(peer_).streams >= limits.streams_per_peer) full = Limit::streams_per_peer;
  if (state_->used.streams >= limits.streams) full = Limit::streams;
  if (full) return std::unexpected(state_->refuse(*full));
  return std::make_shared<StreamAccount>(shared_from_this(), direction);
}

StreamAccount::StreamAccount(std::shared_ptr<ConnectionAccount> connection, Direction direction)
    : connection_(std::move(connection)), direction_(direction) {
  if (direction_ == Direction::inbound) ++connection_->inbound_streams_;
  ++connection_->state_->used.streams;
  connection_->state_->change_peer(connection_->peer_, [](auto& of) { ++of.streams; });
}

StreamAccount::~StreamAccount() {
  ResourceState& state = *connection_->state_;
  if (direction_ == Direction::inbound) --connection_->inbound_streams_;
  --state.used.streams;
  state.change_peer(connection_->peer_, [](auto& of) { --of.streams; });
  if (!protocol_.empty()) state.protocols.remove(protocol_);
}

Result<> StreamAccount::assign(const std::string& protocol) {
  ResourceState& state = *connection_->state_;
  if (state.protocols.of(protocol) >= state.limits.streams_per_protocol) {
    return std::unexpected(state.refuse(Limit::streams_per_protocol));
  }
  if (!protocol_.empty()) state.protocols.remove(protocol_);
  protocol_ = protocol;
  state.protocols.add(protocol_);
  return {};
}

Resources::Resources(const ResourceLimits& limits) : state_(std::make_shared<ResourceState>(limits)) {}

std::optional<Limit> Resources::full_for_upgrade(const Multiaddr& remote) const {
  if (const auto full = state_->full_network(state_->upgrading, remote)) return full;
  if (state_->used.upgrading >= state_->limits.upgrading) return Limit::upgrading;
  return state_->full_pool(connection_base_bytes, Standing::unauthenticated);
}

Result<UpgradeAccount> Resources::begin_upgrade(const Multiaddr& remote) {
  if (const auto full = full_for_upgrade(remote)) return std::unexpected(state_->refuse(*full));
  return UpgradeAccount(state_, remote);
}

std::optional<Limit> ResourceState::full_for(const PeerId& id, const Multiaddr& remote, Direction direction,
                                             Standing standing) const {
  if (peer(id).connections >= limits.connections_per_peer) return Limit::connections_per_peer;
  if (peer(id).memory + connection_base_bytes > limits.memory_per_peer) return Limit::memory_per_peer;
  if (direction == Direction::inbound && standing != Standing::reserved) {
    if (const auto full = full_network(connected, remote)) return full;
  }
  // What ordinary connections cost by being there is bounded by how many there may be: others' unread bytes
  // don't keep them out.
  return full_pool(connection_base_bytes, standing == Standing::ordinary ? Standing::reserved : standing);
}

Result<> Resources::may_connect(const PeerId& peer, const Multiaddr& remote, Direction direction,
                                Standing standing) {
  const auto full = state_->full_for(peer, remote, direction, standing);
  if (full) return std::unexpected(state_->refuse(*full));
  return {};
}

Result<std::shared_ptr<ConnectionAccount>> Resources::open_connection(const PeerId& peer,
                                                                      const Multiaddr& remote,
                                                                      Direction direction,
                                                                      Standing standing) {
  const ResourceLimits& limits = state_->limits;
  const ResourceUsage& used = state_->used;
  const bool inbound = direction == Direction::inbound;
  std::optional<Limit> full = state_->full_for(peer, remote, direction, standing);
  if (inbound && used.inbound >= limits.inbound_connections) full = Limit::inbound_connections;
  if (!inbound && used.outbound >= limits.outbound_connections) full = Limit::outbound_connections;
  if (used.inbound + used.outbound >= limits.connections) full = Limit::connections;
  if (full) return std::unexpected(state_->refuse(*full));
  return std::make_shared<ConnectionAccount>(state_, peer, remote, direction, standing);
}

Error Resources::refusal(Limit limit) { return state_->refuse(limit); }

ResourceUsage Resources::usage() const {
  ResourceUsage usage = state_->used;
  usage.peers = state_->peers.size();
  usage.protocols = state_->protocols.size();
  usage.networks = state_->upgrading.size() + state_->connected.size();
  return usage;
}

}  // namespace libp2p::swarm
