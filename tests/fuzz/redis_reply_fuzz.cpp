// Any bytes as what a Redis server says: what is taken is within its bounds, and the same bytes with more
// after them are the same reply.
#include "tests/interop/cpp/redis_reply.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto parsed = interop::parse_redis_reply(bytes);
  if (!parsed || !*parsed) return 0;
  const interop::ParsedRedisReply& first = **parsed;
  require(first.size > 0 && first.size <= size && first.size <= interop::max_redis_reply_bytes);
  require(first.reply.items.size() <= interop::max_redis_items);

  const auto again = interop::parse_redis_reply(bytes.substr(0, first.size) + "+more\r\n");
  require(again && *again && (*again)->size == first.size && (*again)->reply.items == first.reply.items);
  return 0;
}
