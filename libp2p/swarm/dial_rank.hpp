// In which order the addresses of a peer are tried.
#pragma once

#include <vector>

#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

// At most so many addresses of a peer are tried in one dial.
inline constexpr std::size_t max_dial_candidates = 64;

// Without repetitions and peer ids; the nearest networks first, otherwise in the order given. Loopback comes
// last: of another machine's it reaches ourselves.
[[nodiscard]] std::vector<Multiaddr> rank_candidates(const std::vector<Multiaddr>& addresses);

}  // namespace libp2p
