// `starling run`: a node on this machine's sockets, disk and data plane.
#pragma once

#include "starling/daemon/state_dir.hpp"

namespace starling {

inline constexpr std::string_view version = STARLING_VERSION;

// How a run ended, as an exit code (docs/cli.md).
enum class ExitCode : int {
  done = 0,
  error = 1,
  usage = 2,
  not_found = 3,
  version_conflict = 4,
  invalid = 5,
  not_allowed = 6,
  timed_out = 124,
};

// Runs until SIGTERM or SIGINT. Writes `ready peer=ID addr=MULTIADDR…` to standard error once it listens,
// `joined` once it is a member, and tells systemd the same where it asks to be told. Ends with `not_allowed`
// when the fleet refuses it for good.
[[nodiscard]] ExitCode run_daemon(const StateDir& state);

}  // namespace starling
