// What has arrived on a stream and was not read yet. Pure.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "libp2p/base/bytes.hpp"

namespace libp2p::yamux {

// A queue of chunks. Their sizes follow what has arrived, so that thousands of short messages cost about what
// they weigh, and a long transfer few allocations; at most a quarter of it is room for more.
class ReceiveBuffer {
 public:
  void push(BytesView bytes);
  // Puts bytes back before all others.
  void unread(BytesView bytes);
  // Takes at most out.size() bytes from the front; how many.
  std::size_t pop(MutableBytes out);
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
  std::list<Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace libp2p::yamux
