#include "libp2p/protocols/gossipsub/frames.hpp"

#include <algorithm>

#include "libp2p/base/varint.hpp"

namespace libp2p::gossipsub {
namespace {

constexpr std::size_t smallest_read = 4 * 1024;
constexpr std::size_t largest_read = 64 * 1024;

}  // namespace

MutableBytes FrameBuffer::prepare() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == 0) {
    // A large frame leaves no large buffer behind; a peer that sends much gets larger reads.
    if (buffer_.size() > 2 * largest_read) Bytes(largest_read).swap(buffer_);
    if (last_read_was_full_ && buffer_.size() < largest_read) buffer_.resize(2 * buffer_.size());
  }
  if (begin_ > 0 && buffer_.size() - end_ < smallest_read) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  // At most as much again as has arrived.
  if (buffer_.size() - end_ < smallest_read) {
    buffer_.resize(end_ + std::clamp(end_, smallest_read, largest_read));
  }
  return MutableBytes(buffer_).subspan(end_);
}

void FrameBuffer::commit(std::size_t size) {
  end_ += size;
  last_read_was_full_ = end_ == buffer_.size();
}

Result<std::optional<BytesView>> FrameBuffer::next() {
  const BytesView rest = BytesView(buffer_).subspan(begin_, end_ - begin_);
  const BytesView head = rest.first(std::min<std::size_t>(rest.size(), 10));
  const bool whole_prefix = std::ranges::any_of(head, [](std::uint8_t byte) { return byte < 0x80; });
  if (!whole_prefix && head.size() < 10) return std::optional<BytesView>();
  LIBP2P_TRY(const DecodedVarint length, decode_varint(head));
  if (length.value > max_frame_bytes_) {
    return fail(Errc::limit, "an RPC of " + std::to_string(length.value) + " bytes, at most " +
                                 std::to_string(max_frame_bytes_) + " allowed");
  }
  if (rest.size() - length.size < length.value) return std::optional<BytesView>();
  begin_ += length.size + static_cast<std::size_t>(length.value);
  return std::optional<BytesView>(rest.subspan(length.size, static_cast<std::size_t>(length.value)));
}

}  // namespace libp2p::gossipsub
