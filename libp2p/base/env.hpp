// Everything that is not a pure function comes through here; the first constructor parameter of what needs
// it.
#pragma once

#include "libp2p/base/clock.hpp"
#include "libp2p/base/log.hpp"
#include "libp2p/base/random.hpp"
#include "libp2p/base/task.hpp"
#include "libp2p/base/timers.hpp"
#include "libp2p/base/workers.hpp"

namespace libp2p {

// Cheap to copy. The runtime (SystemRuntime, VirtualRuntime) owns what it refers to and outlives all copies.
struct Env {
  Executor executor;
  Clock& clock;
  Timers& timers;
  Random& random;
  Log& log;
  Workers& workers;

  [[nodiscard]] Instant now() const { return clock.now(); }
};

}  // namespace libp2p
