// Two ends of a stream in memory, with a bounded buffer each way.
#pragma once

#include <utility>

#include "libp2p/base/env.hpp"
#include "libp2p/io/stream.hpp"

namespace libp2p {

// What is written to one end is read from the other. A writer waits while `capacity_bytes` are unread.
[[nodiscard]] std::pair<StreamPtr, StreamPtr> make_memory_stream_pair(Env env,
                                                                      std::size_t capacity_bytes = 256UZ *
                                                                                                   1024);

}  // namespace libp2p
