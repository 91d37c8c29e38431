// What the listener's answer to one proposal can be, without any I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libp2p/base/bytes.hpp"

namespace libp2p {

// Compares what arrives with the two answers there are: the echo of the proposal, and "na". A reader that
// asks for at most wanted() bytes at a time never reads beyond the answer, and may be interrupted between any
// two of them.
class AnswerMatcher {
 public:
  enum class Verdict : std::uint8_t { more, agreed, refused, broken };

  // `with_header`: the other side's /multistream/1.0.0 is still due before the answer. `protocol` is not
  // "na".
  AnswerMatcher(std::string_view protocol, bool with_header);

  // At least 1 while the verdict is `more`.
  [[nodiscard]] std::size_t wanted() const noexcept;
  [[nodiscard]] Verdict feed(BytesView bytes);
  // All that was fed, for the message of an error.
  [[nodiscard]] const std::string& got() const noexcept { return got_; }

 private:
  std::string agreed_;
  std::string refused_;
  std::string got_;
};

}  // namespace libp2p
