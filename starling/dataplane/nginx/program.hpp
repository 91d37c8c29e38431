// Running a program to its end.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "starling/model/ids.hpp"

namespace starling {

struct ProgramOutcome {
  int exit_code = 0;   // 128 + the signal when one ended it
  std::string output;  // what it wrote to both of its outputs, at most 64 KiB
};

// Starts `arguments[0]` (a path) with no input, an environment of its own (only PATH), none of this process's
// files and signal settings, and in a session of its own: what it leaves behind, such as a daemon, holds
// nothing of ours. Past `limit` it is killed. Blocks. Errors: io, timeout.
[[nodiscard]] Result<ProgramOutcome> run_program(const std::vector<std::string>& arguments,
                                                 std::chrono::milliseconds limit);

// Searches PATH and the sbin directories. Errors: not_found.
[[nodiscard]] Result<std::string> find_program(const std::string& name);

}  // namespace starling
