#include "starling/dataplane/log_mark.hpp"

#include <filesystem>
#include <fstream>

#include "libp2p/base/bytes.hpp"

namespace starling {

namespace {

constexpr std::uint64_t most_log_bytes = std::uint64_t{256} * 1024;
constexpr std::size_t most_line_chars = 300;

}  // namespace

std::optional<LogMark> mark_log(const std::string& path, bool may_come) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && may_come) return LogMark{path, 0};
  if (error || !std::filesystem::is_regular_file(path, error)) return std::nullopt;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  if (error) return std::nullopt;
  return LogMark{path, bytes};
}

std::vector<std::string> alerts_since(const LogMark& mark, std::size_t limit) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(mark.path, error);
  std::ifstream file(mark.path, std::ios::binary);
  if (error || !file) return {};
  std::uint64_t from = size < mark.bytes ? 0 : mark.bytes;  // shorter: it was rotated
  if (size - from > most_log_bytes) from = size - most_log_bytes;
  file.seekg(static_cast<std::streamoff>(from));
  std::vector<std::string> alerts;
  for (std::string line; std::getline(file, line);) {
    if (line.find("[alert]") == std::string::npos && line.find("[emerg]") == std::string::npos) continue;
    alerts.push_back(libp2p::printable(line, most_line_chars));
    if (alerts.size() > limit) alerts.erase(alerts.begin());
  }
  return alerts;
}

}  // namespace starling
