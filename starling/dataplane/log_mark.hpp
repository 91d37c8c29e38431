// A data plane's log, for the reason that its answer doesn't give.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace starling {

// A log and how long it was.
struct LogMark {
  std::string path;
  std::uint64_t bytes = 0;
};

// Nothing when there is no such file or this user may not look; a log that is yet to be written is marked at
// 0 by `may_come`. Blocks.
[[nodiscard]] std::optional<LogMark> mark_log(const std::string& path, bool may_come = false);
// The [alert] and [emerg] lines written since, the last `limit` of them, made printable. Blocks.
[[nodiscard]] std::vector<std::string> alerts_since(const LogMark& mark, std::size_t limit);

}  // namespace starling
