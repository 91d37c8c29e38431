// What the public test harnesses tell a peer through the environment, in either of their dialects: test-plans
// writes `is_dialer`, unified-testing `IS_DIALER`.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "libp2p/base/clock.hpp"
#include "tests/interop/cpp/options.hpp"

namespace interop {

enum class Dialect : std::uint8_t { test_plans, unified };

struct HarnessSettings {
  Dialect dialect = Dialect::test_plans;
  bool dialer = false;
  std::string redis_address;
  std::string key;  // of the list that the listener's address goes through
  Options options;  // a listener's address with port 0, a dialler's none
  libp2p::Duration timeout{};
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Errors: invalid_argument, with the variable and what it takes; not_supported, for what no peer of ours
// speaks.
[[nodiscard]] libp2p::Result<HarnessSettings> read_harness_settings(const Environment& environment);

}  // namespace interop
