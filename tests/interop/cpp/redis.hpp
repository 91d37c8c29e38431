// As much of a Redis client as the public test harnesses need: one connection, one call at a time (RESP2).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/io/stream.hpp"
#include "tests/interop/cpp/redis_reply.hpp"

namespace interop {

class RedisClient {
 public:
  // `address`: HOST:PORT, with or without redis:// before it. Errors: invalid_argument; those of resolving
  // and of TCP.
  [[nodiscard]] static libp2p::Task<libp2p::Result<RedisClient>> connect(libp2p::Env env,
                                                                         std::string address);

  // Errors: what the server refused (refused, with its text); those of parsing and of the connection, after
  // which it is of no more use.
  [[nodiscard]] libp2p::Task<libp2p::Result<RedisReply>> call(std::vector<std::string> words);

 private:
  explicit RedisClient(libp2p::StreamPtr stream) : stream_(std::move(stream)) {}

  libp2p::StreamPtr stream_;
  std::string waiting_;  // bytes that came after the last reply
};

}  // namespace interop
