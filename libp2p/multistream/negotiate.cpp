#include "libp2p/multistream/negotiate.hpp"

#include <algorithm>

#include "libp2p/base/deadline.hpp"
#include "libp2p/multistream/answer.hpp"
#include "libp2p/multistream/line.hpp"
#include "libp2p/multistream/read_answer.hpp"

namespace libp2p {
namespace {

Result<> check_proposals(std::span<const std::string> protocols, const NegotiationLimits& limits) {
  if (protocols.empty()) return fail(Errc::invalid_argument, "no protocol to propose");
  if (protocols.size() > limits.max_rounds) {
    return fail(Errc::invalid_argument, std::to_string(protocols.size()) + " protocols, at most " +
                                            std::to_string(limits.max_rounds));
  }
  for (const std::string& protocol : protocols) {
    if (!is_protocol_id(protocol) || protocol == multistream_refusal ||
        protocol.size() >= limits.max_line_bytes) {
      return fail(Errc::invalid_argument, "can't be proposed: \"" + printable(protocol) + "\"");
    }
  }
  return {};
}

Task<Result<std::string>> propose_each(Stream& stream, std::span<const std::string> protocols) {
  std::string names;
  for (std::size_t i = 0; i < protocols.size(); ++i) {
    const std::string& protocol = protocols[i];
    const bool first = i == 0;
    const std::string proposal = (first ? multistream_line(multistream_id) : "") + multistream_line(protocol);
    LIBP2P_CO_CHECK(co_await stream.write(as_bytes(proposal)));
    AnswerMatcher answer(protocol, first);
    LIBP2P_CO_TRY(const bool agreed, co_await read_answer(stream, answer));
    if (agreed) co_return protocol;
    names.append(names.empty() ? "" : ", ").append(protocol);
  }
  co_return fail(Errc::not_supported, "the other side speaks none of: " + names);
}

Task<Result<std::string>> answer_each(Env env, Stream& stream, const ProtocolPredicate& supported,
                                      const NegotiationLimits& limits) {
  LIBP2P_CO_TRY(const std::string header, co_await read_multistream_line(stream, limits.max_line_bytes));
  if (header != multistream_id) {
    co_return fail(Errc::protocol, "the other side began with \"" + printable(header) + "\"");
  }
  // A dialer may have sent all it wants and closed its side of reading: that it can't be answered ends
  // nothing.
  (void)co_await stream.write(as_bytes(multistream_line(multistream_id)));
  for (unsigned round = 0; round < limits.max_rounds; ++round) {
    auto line = co_await read_multistream_line(stream, limits.max_line_bytes);
    if (!line) {
      // What it sent along with a proposal, lazily, is no line. In order, so that it still learns of the
      // refusal.
      if (round > 0) (void)co_await stream.close_write();
      co_return std::unexpected(std::move(line).error());
    }
    std::string proposal = *std::move(line);
    const bool agreed = is_protocol_id(proposal) && supported(proposal);
    const std::string answer = multistream_line(agreed ? std::string_view(proposal) : multistream_refusal);
    (void)co_await stream.write(as_bytes(answer));
    if (agreed) co_return proposal;
    env.log.debug("multistream.refused", {{"protocol", printable(proposal)}});
  }
  // In order, so that the last refusal still arrives.
  (void)co_await stream.close_write();
  co_return fail(Errc::limit,
                 std::to_string(limits.max_rounds) + " protocols proposed, none of them spoken here");
}

// Past the deadline the stream is reset, which ends the negotiation.
Task<Result<std::string>> within(Env env, Duration timeout, Stream& stream,
                                 Task<Result<std::string>> negotiation) {
  bool expired = false;
  const DeadlineGuard guard(env, timeout, [&] {
    expired = true;
    stream.reset();
  });
  auto outcome = co_await std::move(negotiation);
  if (expired) co_return fail(Errc::timeout, "protocol negotiation");
  if (!outcome) co_return fail_in("protocol negotiation", std::move(outcome).error());
  co_return std::move(*outcome);
}

}  // namespace

Task<Result<bool>> read_answer(Stream& stream, AnswerMatcher& answer) {
  std::array<std::uint8_t, 256> buffer{};
  for (;;) {
    const MutableBytes room = MutableBytes(buffer).first(std::min(buffer.size(), answer.wanted()));
    LIBP2P_CO_TRY(const std::size_t size, co_await stream.read_some(room));
    if (size == 0)
      co_return fail(Errc::closed, "the other side closed the stream before it agreed on a protocol");
    switch (answer.feed(room.first(size))) {
      case AnswerMatcher::Verdict::more:
        continue;
      case AnswerMatcher::Verdict::agreed:
        co_return true;
      case AnswerMatcher::Verdict::refused:
        co_return false;
      case AnswerMatcher::Verdict::broken:
        co_return fail(Errc::protocol, "the other side answered \"" + printable(answer.got()) + "\"");
    }
  }
}

Task<Result<std::string>> select_one(Env env, Stream& stream, std::span<const std::string> protocols,
                                     NegotiationLimits limits) {
  LIBP2P_CO_CHECK(check_proposals(protocols, limits));
  co_return co_await within(env, limits.timeout, stream, propose_each(stream, protocols));
}

Task<Result<std::string>> negotiate_as_listener(Env env, Stream& stream, ProtocolPredicate supported,
                                                NegotiationLimits limits) {
  co_return co_await within(env, limits.timeout, stream, answer_each(env, stream, supported, limits));
}

Task<Result<std::string>> negotiate_as_listener(Env env, Stream& stream,
                                                std::span<const std::string> supported,
                                                NegotiationLimits limits) {
  return negotiate_as_listener(
      env, stream,
      [supported](std::string_view protocol) {
        return std::ranges::find(supported, protocol) != supported.end();
      },
      limits);
}

}  // namespace libp2p
