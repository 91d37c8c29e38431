// The byte stream that everything speaks: a TCP socket, a secured connection, a muxed stream, an end in
// memory.
#pragma once

#include <cstddef>
#include <memory>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/base/task.hpp"

namespace libp2p {

// At most one read and one write are under way at a time (close_write counts as a write); reading and writing
// are independent. Buffers that are passed in must live until the call returns, and the stream outlives its
// calls: end them before dropping it. Dropping a Stream resets it; close_gracefully() of framing.hpp is the
// graceful way.
//
// A read that is cancelled loses nothing: what had arrived comes with the next one. A write that is cancelled
// has been done in part, so only reset() is left.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // Waits for at least one byte. 0 means that the other side has closed in order (never for an empty `out`,
  // which is not allowed). A connection cut in the middle of a frame is an error (io or reset), not an end.
  [[nodiscard]] virtual Task<Result<std::size_t>> read_some(MutableBytes out) = 0;
  // Writes all of it, or fails; returns when it has been taken over, not when it has arrived.
  [[nodiscard]] virtual Task<Result<>> write(BytesView data) = 0;
  // Half-close: no more will be written; reading goes on.
  [[nodiscard]] virtual Task<Result<>> close_write() = 0;
  // Ends both directions by force; what waits fails with Errc::reset. Idempotent.
  virtual void reset() = 0;
};

using StreamPtr = std::unique_ptr<Stream>;

}  // namespace libp2p
