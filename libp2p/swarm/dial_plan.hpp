// In which order the addresses of a peer are tried, and how long each waits for the better ones. Pure.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libp2p/swarm/swarm_config.hpp"
#include "libp2p/swarm/transport_kind.hpp"

namespace libp2p {

// At most so many addresses of a peer are tried in one dial.
inline constexpr std::size_t max_dial_candidates = 64;

struct PlannedDial {
  Multiaddr address;  // without /p2p
  TransportKind kind{};
  Duration delay{};         // from the start of the dial
  Duration patience{};      // without an answer for so long, the next is started beside it
  bool black_hole = false;  // nothing of its kind has been answering
};

// What is known of the paths that addresses name. Either may be empty: nothing is known.
struct PathKnowledge {
  std::function<std::optional<Duration>(const Multiaddr&)> rtt;
  std::function<bool(const Multiaddr&)> black_hole;
};

// In the order of their delays, without repetitions. Near networks start at once, far ones shortly after,
// relayed connections and then loopback behind both (another machine's loopback reaches ourselves). Within a
// network QUIC has a head start before TCP, that before WebSocket, and so on; of each the first IPv6 address
// one before the first IPv4 address. Where a round trip is known, the waits of its network become twice that.
// What is in a black hole comes last, so that a network without UDP or IPv6 doesn't cost a wait in every
// dial, and is still found when it is all there is. Names are looked up at once: what they stand for is
// planned when it is known, and what is preferred less waits for it.
[[nodiscard]] std::vector<PlannedDial> dial_plan(const std::vector<Multiaddr>& addresses,
                                                 const DialPaces& paces, const PathKnowledge& known = {});

// What became of another address of the peer, in words ("no answer").
struct DialRival {
  TransportKind kind{};
  std::string fate;
};
// Why the peer was reached over `chosen`, for an operator: "quic: first to answer", "tcp: quic no answer",
// "tcp: the only one known". Of each better kind the first rival speaks.
[[nodiscard]] std::string explain_choice(TransportKind chosen, std::span<const DialRival> rivals);

}  // namespace libp2p
