#include "libp2p/yamux/receive_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace libp2p::yamux {
namespace {

constexpr std::size_t smallest_chunk = 256;
constexpr std::size_t largest_chunk = 64U << 10;
// A drained chunk up to this size is kept for what comes next: request and response in turns then allocate
// nothing.
constexpr std::size_t kept_chunk = 4U << 10;

}  // namespace

void ReceiveBuffer::push(BytesView bytes) {
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().end == chunks_.back().capacity) {
      const std::size_t wanted = std::max(bytes.size(), size_ / 4);
      chunks_.emplace_back(std::clamp(wanted, smallest_chunk, largest_chunk));
    }
    Chunk& chunk = chunks_.back();
    const std::size_t size = std::min(bytes.size(), chunk.capacity - chunk.end);
    std::memcpy(&chunk.bytes[chunk.end], bytes.data(), size);
    chunk.end += size;
    size_ += size;
    bytes = bytes.subspan(size);
  }
}

void ReceiveBuffer::unread(BytesView bytes) {
  if (bytes.empty()) return;
  chunks_.emplace_front(bytes.size());
  std::memcpy(chunks_.front().bytes.get(), bytes.data(), bytes.size());
  chunks_.front().end = bytes.size();
  size_ += bytes.size();
}

std::size_t ReceiveBuffer::pop(MutableBytes out) {
  std::size_t done = 0;
  while (done < out.size() && size_ > 0) {
    Chunk& chunk = chunks_.front();
    const std::size_t size = std::min(out.size() - done, chunk.end - chunk.begin);
    std::memcpy(&out[done], &chunk.bytes[chunk.begin], size);
    chunk.begin += size;
    done += size;
    size_ -= size;
    if (chunk.begin < chunk.end) break;
    if (size_ == 0 && chunk.capacity <= kept_chunk) {
      chunk.begin = chunk.end = 0;
    } else {
      chunks_.pop_front();
    }
  }
  return done;
}

void ReceiveBuffer::clear() {
  chunks_.clear();
  size_ = 0;
}

}  // namespace libp2p::yamux
