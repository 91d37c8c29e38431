// Two ends of a stream in memory, with a bounded buffer each way.
#pragma once

#include <utility>

#include "libp2p/base/env.hpp"
#include "libp2p/io/stream.hpp"

namespace libp2p {

inline constexpr std::size_t memory_stream_capacity = 256UZ * 1024;

// What is written to one end is read from the other. A writer waits while `capacity_bytes` are unread.
[[nodiscard]] std::pair<StreamPtr, StreamPtr> make_memory_stream_pair(
    Env env, std::size_t capacity_bytes = memory_stream_capacity);

}  // namespace libp2p
