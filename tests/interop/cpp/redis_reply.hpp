// The replies of a Redis server (RESP2), as far as the public test harnesses have them, and no larger.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/base/result.hpp"

namespace interop {

struct RedisReply {
  // A list's items, or what any other reply holds as the only one; none where Redis has nothing. A refusal's
  // is its text.
  std::vector<std::optional<std::string>> items;
  bool refused = false;
};

inline constexpr std::size_t max_redis_reply_bytes = 64UZ * 1024;
inline constexpr std::size_t max_redis_items = 16;

struct ParsedRedisReply {
  RedisReply reply;
  std::size_t size = 0;  // of its bytes
};

// The reply at the beginning of `bytes`; none while more of it has to come. Errors: parse; limit (a reply of
// too many bytes or items, a list in a list).
[[nodiscard]] libp2p::Result<std::optional<ParsedRedisReply>> parse_redis_reply(std::string_view bytes);

}  // namespace interop
