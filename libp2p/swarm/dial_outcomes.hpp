// How dials ended, for whoever counts them.
#pragma once

#include <cstdint>

namespace libp2p::swarm {

// How the dials of one kind of transport ended. The rest of those started lost their race, or still run.
struct DialOutcomes {
  std::uint64_t started = 0;
  std::uint64_t connected = 0;
  std::uint64_t failed = 0;
};

}  // namespace libp2p::swarm
