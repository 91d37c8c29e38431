#include "libp2p/protocols/identify/observed_addresses.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "libp2p/protocols/identify/told_addresses.hpp"

namespace libp2p::identify {
namespace {

bool begins_with_ip(const Multiaddr& address) {
  if (address.empty()) return false;
  const AddrProtocol first = address.components().front().protocol;
  return first == AddrProtocol::ip4 || first == AddrProtocol::ip6;
}

// An address of the internet, with a port, not a relay's.
bool is_public(const Multiaddr& address) {
  return begins_with_ip(address) && reach_of(address) == Reach::world && !address.is_unspecified() &&
         !address.has(AddrProtocol::p2p_circuit) && address.port().value_or(0) != 0;
}

// What somebody who runs many observers can't have many of.
std::string network_of(const Multiaddr& address) {
  const AddrComponent& ip = address.components().front();
  const std::size_t size = ip.protocol == AddrProtocol::ip4 ? 2 : 4;
  return to_hex(BytesView(ip.value).first(std::min(size, ip.value.size()))) + (size == 2 ? "/16" : "/32");
}

// The components after the IP address, the number of the port aside: what kind of listener it is.
bool same_kind(const Multiaddr& a, const Multiaddr& b) {
  const std::span<const AddrComponent> left(a.components());
  const std::span<const AddrComponent> right(b.components());
  if (left.size() != right.size() || left.size() < 2 || left[0].protocol != right[0].protocol) return false;
  if (left[1].protocol != right[1].protocol) return false;
  return std::ranges::equal(left.subspan(2), right.subspan(2));
}

// `listener` at the IP address of `observed`.
std::optional<Multiaddr> at_observed_ip(const Multiaddr& observed, const Multiaddr& listener) {
  const std::size_t ip_bytes =
      1 + observed.components().front().value.size();  // the codes of ip4 and ip6 take a byte
  Bytes bytes = to_bytes(BytesView(observed.bytes()).first(ip_bytes));
  append(bytes, BytesView(listener.bytes()).subspan(ip_bytes));
  const auto address = Multiaddr::from_bytes(bytes);
  return address ? std::optional(*address) : std::nullopt;
}

std::vector<Multiaddr> translate(const ObservedAddresses::Observation& observation,
                                 const std::vector<Multiaddr>& listening) {
  const Multiaddr observed = observation.observed.without_peer();
  if (observation.direction == Direction::inbound) return {observed};
  std::vector<Multiaddr> addresses;
  for (const Multiaddr& listener : listening) {
    if (listener.is_loopback() || !same_kind(observed, listener)) continue;
    const auto address = at_observed_ip(observed, listener);
    if (address && std::ranges::find(addresses, *address) == addresses.end()) addresses.push_back(*address);
  }
  return addresses;
}

}  // namespace

void ObservedAddresses::record(const Observation& observation, const std::vector<Multiaddr>& listening,
                               Instant now) {
  opinions_.erase(observation.connection);
  if (!is_public(observation.observer) || !is_public(observation.observed)) return;
  std::vector<Multiaddr> addresses = translate(observation, listening);
  if (addresses.empty()) return;
  expire(now);
  if (!make_room()) return;
  opinions_.emplace(observation.connection, Opinion{network_of(observation.observer), std::move(addresses),
                                                    std::nullopt, next_order_++});
}

void ObservedAddresses::connection_closed(Connection connection, Instant now) {
  const auto opinion = opinions_.find(connection);
  if (opinion != opinions_.end()) opinion->second.closed = now;
}

std::vector<Multiaddr> ObservedAddresses::confirmed(Instant now) {
  expire(now);
  std::map<Multiaddr, std::set<std::string>> observers;
  for (const auto& [connection, opinion] : opinions_) {
    for (const Multiaddr& address : opinion.addresses) observers[address].insert(opinion.network);
  }
  std::vector<std::pair<std::size_t, Multiaddr>> enough;
  for (const auto& [address, networks] : observers) {
    if (networks.size() >= config_.observers_needed) enough.emplace_back(networks.size(), address);
  }
  std::ranges::sort(enough, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  if (enough.size() > config_.max_confirmed) enough.resize(config_.max_confirmed);
  std::vector<Multiaddr> addresses;
  addresses.reserve(enough.size());
  for (auto& [count, address] : enough) addresses.push_back(std::move(address));
  return addresses;
}

void ObservedAddresses::expire(Instant now) {
  std::erase_if(opinions_, [&](const auto& item) {
    return item.second.closed && now - *item.second.closed >= config_.linger;
  });
}

// The oldest opinion of a closed connection goes first; while all are open, newcomers have to wait.
bool ObservedAddresses::make_room() {
  if (opinions_.size() < config_.max_observations) return true;
  auto oldest = opinions_.end();
  for (auto it = opinions_.begin(); it != opinions_.end(); ++it) {
    if (!it->second.closed) continue;
    if (oldest == opinions_.end() || it->second.order < oldest->second.order) oldest = it;
  }
  if (oldest == opinions_.end()) return false;
  opinions_.erase(oldest);
  return true;
}

}  // namespace libp2p::identify
