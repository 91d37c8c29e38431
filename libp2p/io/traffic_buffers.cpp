#include "libp2p/io/traffic_buffers.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace libp2p {
namespace {

constexpr std::size_t least = 4UZ * 1024;

}  // namespace

namespace detail {

bool Quiet::note(std::size_t used) noexcept {
  uses_ = used <= least / 2 ? uses_ + 1 : 0;
  return uses_ >= 8;
}

void Storage::resize(std::size_t size, BytesView keep) {
  auto bytes = std::make_unique_for_overwrite<std::uint8_t[]>(size);
  std::ranges::copy(keep, bytes.get());
  bytes_ = std::move(bytes);
  size_ = size;
}

}  // namespace detail

MutableBytes SendBuffer::room(std::size_t size) {
  const bool quiet = quiet_.note(size);
  if (storage_.size() < size) {
    storage_.resize(std::clamp(std::bit_ceil(size), least, most_));
  } else if (quiet && storage_.size() > least) {
    storage_.resize(least);
  }
  return {storage_.data(), size};
}

MutableBytes ReceiveBuffer::tail() {
  wanted_ = std::max(wanted_, least);
  const BytesView kept = unread();
  if (storage_.size() < wanted_ || (storage_.size() > wanted_ && kept.empty())) {
    storage_.resize(wanted_, kept);
  } else if (begin_ > 0 && !kept.empty()) {
    std::memmove(storage_.data(), kept.data(), kept.size());
  }
  end_ -= begin_;
  begin_ = 0;
  return {storage_.data() + end_, storage_.size() - end_};
}

void ReceiveBuffer::arrived(std::size_t size) noexcept {
  end_ += size;
  // A read that fills all there is would have brought more: so does a frame that is larger than the buffer.
  if (end_ == storage_.size()) {
    wanted_ = std::min(4 * storage_.size(), most_);
  } else if (quiet_.note(size)) {
    wanted_ = least;
  }
}

}  // namespace libp2p
