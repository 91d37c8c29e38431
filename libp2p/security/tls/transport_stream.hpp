// The encrypted stream after a handshake.
#pragma once

#include <memory>

#include "libp2p/io/stream.hpp"
#include "libp2p/security/tls/engine.hpp"

namespace libp2p::tls {

// `engine` has finished its handshake, and may have received more than that. Buffers follow the traffic: a
// few KiB a direction when idle, up to 16 records (256 KiB) under load. What doesn't verify, and an end that
// the other side has not declared, reset the stream below and fail this and every later read.
[[nodiscard]] StreamPtr make_transport_stream(StreamPtr stream, std::unique_ptr<Engine> engine);

}  // namespace libp2p::tls
