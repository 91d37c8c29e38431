// Shared by the two ways to dial; not for others.
#pragma once

#include "libp2p/io/stream.hpp"
#include "libp2p/multistream/answer.hpp"

namespace libp2p {

// Reads until `answer` has decided: true when agreed, false when refused. A call that was cancelled can be
// repeated with the same matcher. Errors: closed, protocol, and the stream's own.
[[nodiscard]] Task<Result<bool>> read_answer(Stream& stream, AnswerMatcher& answer);

}  // namespace libp2p
