#include "libp2p/swarm/resource_limits.hpp"

#include <algorithm>
#include <string>

namespace libp2p {

Error limit_error(const ResourceLimits& limits, Limit limit) {
  const LimitInfo& info = limit_info(limit);
  std::string message = std::to_string(limits.*info.value);
  message.append(" ").append(info.of).append(" (").append(info.key).append(")");
  return {Errc::limit, std::move(message)};
}

Result<> set_limit(ResourceLimits& limits, std::string_view key, std::size_t value) {
  const auto* const found = std::ranges::find(limit_table, key, &LimitInfo::key);
  if (found != limit_table.end()) {
    limits.*found->value = value;
    return {};
  }
  std::string message = "no limit is called '" + std::string(key) + "'; there are";
  for (const LimitInfo& info : limit_table) message.append(" ").append(info.key);
  return fail(Errc::not_found, std::move(message));
}

}  // namespace libp2p
