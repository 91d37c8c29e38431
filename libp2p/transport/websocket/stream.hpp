// A WebSocket connection after its handshake, as a Stream.
#pragma once

#include "libp2p/base/env.hpp"
#include "libp2p/io/stream.hpp"
#include "libp2p/transport/websocket/frame_decoder.hpp"

namespace libp2p::websocket {

struct StreamConfig {
  FrameLimits limits{};
  // For a pong or a close frame that is sent while reading: a peer that doesn't take it is cut off.
  Duration reply_timeout = std::chrono::seconds(10);
};

// WebSocket has no half-close: close_write() sends a close frame, upon which the other side sends its own and
// no more data. An end without one is an error. `early` is what came right behind the handshake.
//
// Beast's stream is not used: it reads no further while a pong waits for a write, doesn't count empty
// fragments, and loses its place when a read is cancelled, which a Stream must not.
[[nodiscard]] StreamPtr make_stream(Env env, StreamPtr below, Role role, Bytes early,
                                    StreamConfig config = {});

}  // namespace libp2p::websocket
