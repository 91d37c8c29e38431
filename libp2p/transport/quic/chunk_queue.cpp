#include "libp2p/transport/quic/chunk_queue.hpp"

#include <algorithm>
#include <cstring>

namespace libp2p::quic {
namespace {

constexpr std::size_t smallest_chunk = 256;
constexpr std::size_t largest_chunk = 64U << 10;

}  // namespace

void ChunkQueue::push(BytesView bytes) {
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().end == chunks_.back().capacity) {
      const std::size_t wanted = std::max(bytes.size(), size_);
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

std::size_t ChunkQueue::pop(MutableBytes out) {
  std::size_t done = 0;
  while (done < out.size() && size_ > 0) {
    const BytesView front = at(0);
    const std::size_t size = std::min(out.size() - done, front.size());
    std::memcpy(&out[done], front.data(), size);
    done += size;
    drop(size);
  }
  return done;
}

void ChunkQueue::drop(std::size_t bytes) {
  while (bytes > 0 && size_ > 0) {
    Chunk& chunk = chunks_.front();
    const std::size_t size = std::min(bytes, chunk.end - chunk.begin);
    chunk.begin += size;
    bytes -= size;
    size_ -= size;
    if (chunk.begin == chunk.end) chunks_.pop_front();
  }
}

BytesView ChunkQueue::at(std::size_t offset) const {
  for (const Chunk& chunk : chunks_) {
    const std::size_t held = chunk.end - chunk.begin;
    if (offset < held) return {&chunk.bytes[chunk.begin + offset], held - offset};
    offset -= held;
  }
  return {};
}

void ChunkQueue::clear() {
  chunks_.clear();
  size_ = 0;
}

}  // namespace libp2p::quic
