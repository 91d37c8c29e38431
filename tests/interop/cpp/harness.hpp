// Our peer in the public test harnesses, test-plans' transport-interop and unified-testing: the listener
// leaves its address in Redis, the dialler takes it, dials, pings once, and prints how long that took.
#pragma once

#include "libp2p/base/env.hpp"
#include "libp2p/base/result.hpp"
#include "tests/interop/cpp/harness_settings.hpp"

namespace interop {

// A dialler's ends when it has printed; a listener is ended by the harness, so that it only ends by an error.
// Errors: timeout; those of the host and of Redis.
[[nodiscard]] libp2p::Task<libp2p::Result<>> run_harness(libp2p::Env env, HarnessSettings settings);

}  // namespace interop
