// Where Unit's log is, asked of the running process.
#pragma once

#include <sys/types.h>

#include <optional>

#include "starling/dataplane/log_mark.hpp"

namespace starling {

// The log that the process writes its standard error to, which is Unit's own redirection. Nothing when this
// user may not look, or it is no file. Blocks.
[[nodiscard]] std::optional<LogMark> mark_log_of(pid_t unit_main);

}  // namespace starling
