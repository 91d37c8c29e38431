// Cuts the bytes of a stream into length-prefixed RPCs.
#pragma once

#include <cstddef>
#include <optional>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p::gossipsub {

// Many small RPCs come out of one read, which is what a message rate is made of. The buffer grows with what
// has arrived, never with what a prefix claims. Its owner is the task that reads the stream.
class FrameBuffer {
 public:
  explicit FrameBuffer(std::size_t max_frame_bytes) : max_frame_bytes_(max_frame_bytes) {}

  // Room for the next read; valid until the next call. commit() says how much of it was filled.
  [[nodiscard]] MutableBytes prepare();
  void commit(std::size_t size);

  // The next whole RPC, without its prefix; valid until the next prepare(). Nothing when more bytes are
  // needed. Errors: limit (above max_frame_bytes; known from the prefix alone), parse (the prefix). Call no
  // more after an error.
  [[nodiscard]] Result<std::optional<BytesView>> next();

  // Something of an RPC has come, but not all of it.
  [[nodiscard]] bool partial() const noexcept { return begin_ != end_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return buffer_.size(); }

 private:
  std::size_t max_frame_bytes_;
  Bytes buffer_;
  std::size_t begin_ = 0;  // what next() has not given out yet
  std::size_t end_ = 0;    // what has arrived
  bool last_read_was_full_ = false;
};

}  // namespace libp2p::gossipsub
