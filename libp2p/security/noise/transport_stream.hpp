// The encrypted stream after a handshake (noise/README.md, Wire Format).
#pragma once

#include "libp2p/io/stream.hpp"
#include "libp2p/security/noise/handshake.hpp"

namespace libp2p::noise {

inline constexpr std::size_t max_frame_plaintext = max_message_size - CipherState::tag_size;

// Buffers follow the traffic: a few KiB a direction when idle, up to four frames (256 KiB) under load. A
// large read decrypts straight into the caller's buffer. What doesn't verify, and an end in the middle of a
// frame, reset the stream below and fail this and every later read (crypto, protocol, reset); an end between
// two frames is an end. Writes fail with limit, and reset the stream, when the nonces are spent.
[[nodiscard]] StreamPtr make_transport_stream(StreamPtr stream, TransportCiphers ciphers);

}  // namespace libp2p::noise
