// Unit's log, for the reason that its 500 doesn't give.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace starling {

// A log and how long it was.
struct LogMark {
  std::string path;
  std::uint64_t bytes = 0;
};

// The log that the process writes its standard error to, which is Unit's own redirection. Nothing when this
// user may not look, or it is no file. Blocks.
[[nodiscard]] std::optional<LogMark> mark_log(pid_t unit_main);
// The [alert] and [emerg] lines written since, the last `limit` of them, made printable. Blocks.
[[nodiscard]] std::vector<std::string> alerts_since(const LogMark& mark, std::size_t limit);

}  // namespace starling
