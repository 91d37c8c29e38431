#include "starling/dataplane/unit/unit_log.hpp"

#include <filesystem>
#include <string>

namespace starling {

std::optional<LogMark> mark_log_of(pid_t unit_main) {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/" + std::to_string(unit_main) + "/fd/2", error);
  if (error) return std::nullopt;
  return mark_log(path.string());
}

}  // namespace starling
