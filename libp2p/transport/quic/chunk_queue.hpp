// A queue of bytes that stay where they are until they are popped. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "libp2p/base/bytes.hpp"

namespace libp2p::quic {

// For what was received and not read yet, and for what is sent and not acknowledged yet: ngtcp2 refers to the
// latter where it lies, and may send it again. Chunks follow what is pushed, so that thousands of short
// messages cost about what they weigh.
class ChunkQueue {
 public:
  void push(BytesView bytes);
  // Takes at most out.size() bytes from the front; how many.
  std::size_t pop(MutableBytes out);
  // Drops `bytes` from the front; there are that many.
  void drop(std::size_t bytes);
  // What lies without a gap from `offset` on, offset below size(): at least one byte.
  [[nodiscard]] BytesView at(std::size_t offset) const;
  void clear();
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  struct Chunk {
    explicit Chunk(std::size_t size)
        : bytes(std::make_unique_for_overwrite<std::uint8_t[]>(size)), capacity(size) {}
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t capacity;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  std::deque<Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace libp2p::quic
