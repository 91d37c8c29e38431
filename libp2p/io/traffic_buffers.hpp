// Memory for bytes on their way in and out, of streams that put others' bytes into frames.
#pragma once

#include <cstddef>
#include <memory>

#include "libp2p/base/bytes.hpp"

namespace libp2p {

namespace detail {

// Tells a pause from the end of a transfer: after this many uses in a row that needed little, memory is given
// back.
class Quiet {
 public:
  [[nodiscard]] bool note(std::size_t used) noexcept;

 private:
  unsigned uses_ = 0;
};

class Storage {
 public:
  [[nodiscard]] std::uint8_t* data() const noexcept { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // `keep` goes to the front.
  void resize(std::size_t size, BytesView keep = {});

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace detail

// What is written next. Its memory is what the last writes needed: 4 KiB when they were small, at most
// `most`.
class SendBuffer {
 public:
  explicit SendBuffer(std::size_t most) noexcept : most_(most) {}
  // `size` bytes, at most `most`, of no particular content. What it gave before is void.
  [[nodiscard]] MutableBytes room(std::size_t size);

 private:
  detail::Storage storage_;
  detail::Quiet quiet_;
  std::size_t most_;
};

// What has arrived and is not used up yet, and space behind it for more: 4 KiB of it when little comes, at
// most `most` under load.
class ReceiveBuffer {
 public:
  explicit ReceiveBuffer(std::size_t most) noexcept : most_(most) {}
  [[nodiscard]] MutableBytes unread() const noexcept { return {storage_.data() + begin_, end_ - begin_}; }
  // From the front of unread().
  void pass_over(std::size_t size) noexcept { begin_ += size; }
  // Where the next bytes go; empty only when `most` are unread. Voids what unread() gave before.
  [[nodiscard]] MutableBytes tail();
  // That many bytes are at the front of the tail now.
  void arrived(std::size_t size) noexcept;

 private:
  detail::Storage storage_;
  detail::Quiet quiet_;
  std::size_t most_;
  std::size_t wanted_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace libp2p
