#include "libp2p/multistream/answer.hpp"

#include <algorithm>

#include "libp2p/multistream/line.hpp"

namespace libp2p {

AnswerMatcher::AnswerMatcher(std::string_view protocol, bool with_header) {
  const std::string header = with_header ? multistream_line(multistream_id) : std::string();
  agreed_ = header + multistream_line(protocol);
  refused_ = header + multistream_line(multistream_refusal);
}

std::size_t AnswerMatcher::wanted() const noexcept {
  // One that no longer matches asks for nothing; the shorter of two that still match is the safe amount.
  std::size_t least = 0;
  for (const std::string* answer : {&agreed_, &refused_}) {
    if (!answer->starts_with(got_)) continue;
    const std::size_t missing = answer->size() - got_.size();
    least = least == 0 ? missing : std::min(least, missing);
  }
  return least;
}

AnswerMatcher::Verdict AnswerMatcher::feed(BytesView bytes) {
  got_.append(as_text(bytes));
  if (got_ == agreed_) return Verdict::agreed;
  if (got_ == refused_) return Verdict::refused;
  return agreed_.starts_with(got_) || refused_.starts_with(got_) ? Verdict::more : Verdict::broken;
}

}  // namespace libp2p
