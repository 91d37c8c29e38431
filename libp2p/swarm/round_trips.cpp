#include "libp2p/swarm/round_trips.hpp"

#include <algorithm>

namespace libp2p {
namespace {

constexpr std::size_t v4_prefix_bytes = 3;
constexpr std::size_t v6_prefix_bytes = 6;

// Empty for what has no network of its own. The lengths keep the families apart.
Bytes network_of(const Multiaddr& address) {
  if (address.has(AddrProtocol::p2p_circuit)) return {};
  const auto prefix = [](const Bytes& value, std::size_t size) {
    return to_bytes(BytesView(value).first(std::min(size, value.size())));
  };
  if (const AddrComponent* v6 = address.find(AddrProtocol::ip6)) return prefix(v6->value, v6_prefix_bytes);
  if (const AddrComponent* v4 = address.find(AddrProtocol::ip4)) return prefix(v4->value, v4_prefix_bytes);
  if (const AddrComponent* node = address.find(AddrProtocol::memory)) return node->value;
  return {};
}

}  // namespace

void RoundTrips::note(const Multiaddr& remote, Duration rtt) {
  Bytes network = network_of(remote);
  if (network.empty()) return;
  if (by_network_.size() >= max_networks && !by_network_.contains(network)) {
    by_network_.erase(
        std::ranges::min_element(by_network_, {}, [](const auto& item) { return item.second.noted; }));
  }
  by_network_[std::move(network)] = {.rtt = rtt, .noted = ++notes_};
}

std::optional<Duration> RoundTrips::of(const Multiaddr& address) const {
  const auto found = by_network_.find(network_of(address));
  return found == by_network_.end() ? std::nullopt : std::optional(found->second.rtt);
}

}  // namespace libp2p
