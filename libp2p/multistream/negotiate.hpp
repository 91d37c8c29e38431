// multistream-select 1.0 (connections/README.md, multistream-select): agreeing on the protocol of a stream.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "libp2p/base/env.hpp"
#include "libp2p/io/stream.hpp"

namespace libp2p {

struct NegotiationLimits {
  std::size_t max_line_bytes = 1024;            // newline included
  unsigned max_rounds = 16;                     // proposals
  Duration timeout = std::chrono::seconds(10);  // for all of it; then the stream is reset
};

using ProtocolPredicate = std::function<bool(std::string_view protocol)>;

// Proposes `protocols` in this order and returns the one that the listener takes; the header goes out
// together with the first. `protocols` must live until the call returns. After an error there is nothing left
// but to drop the stream. Errors: not_supported (the listener refused them all), protocol (it answered
// something else), timeout, invalid_argument (no protocol, more than max_rounds, or one that can't be a
// line), and the stream's own.
[[nodiscard]] Task<Result<std::string>> select_one(Env env, Stream& stream,
                                                   std::span<const std::string> protocols,
                                                   NegotiationLimits limits = {});

// Answers a dialer's proposals until `supported` takes one, and returns that. Reads nothing beyond it: what
// the dialer sent along is the first that the handler reads. A dialer that closes early has not failed: what
// we couldn't answer is ignored, what it has sent stays readable. After an error there is nothing left but to
// drop the stream. Errors: closed (the dialer went without proposing), parse, protocol, limit (a line, or the
// rounds), timeout, and the stream's own.
[[nodiscard]] Task<Result<std::string>> negotiate_as_listener(Env env, Stream& stream,
                                                              ProtocolPredicate supported,
                                                              NegotiationLimits limits = {});
// The same for a list, which must live until the call returns.
[[nodiscard]] Task<Result<std::string>> negotiate_as_listener(Env env, Stream& stream,
                                                              std::span<const std::string> supported,
                                                              NegotiationLimits limits = {});

// A dialer's stream for its one protocol, usable at once: the proposal goes out with the first write, or when
// somebody reads or half-closes before that, and no byte is read out before the listener has agreed. Dropped
// unused, it has sent nothing. `protocol` must be a possible protocol id (line.hpp). A read fails with
// not_supported when the listener refused, with protocol when it answered something else, and with timeout
// when the answer isn't there limits.timeout after that read began; the stream is then reset, and writes fail
// with the same.
[[nodiscard]] StreamPtr lazy_select(Env env, StreamPtr stream, std::string protocol,
                                    NegotiationLimits limits = {});

}  // namespace libp2p
