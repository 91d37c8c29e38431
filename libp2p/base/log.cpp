#include "libp2p/base/log.hpp"

#include "libp2p/base/bytes.hpp"

namespace libp2p {

std::string format_log_line(std::string_view event, std::span<const LogField> fields) {
  std::string line(event);
  for (const LogField& field : fields) {
    const std::string value = printable(field.value, 4096);
    const bool quote = value.empty() || value.find_first_of(" \"=") != std::string::npos;
    line.append(" ").append(field.key).append("=");
    if (!quote) {
      line.append(value);
      continue;
    }
    line.push_back('"');
    for (const char c : value) {
      if (c == '"') line.push_back('\\');
      line.push_back(c);
    }
    line.push_back('"');
  }
  return line;
}

}  // namespace libp2p
