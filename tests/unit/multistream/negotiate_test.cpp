#include "libp2p/multistream/negotiate.hpp"

#include <gtest/gtest.h>

#include "libp2p/multistream/answer.hpp"
#include "libp2p/multistream/line.hpp"
#include "tests/support/streams.hpp"

namespace libp2p {
namespace {

using std::chrono::seconds;
using test::keep;
using test::receive;
using test::send;
using Verdict = AnswerMatcher::Verdict;
using Outcome = std::optional<Result<std::string>>;

const std::string header = multistream_line(multistream_id);

class Multistream : public testing::Test {
 protected:
  void spawn(Task<Result<std::string>> task, Outcome& outcome) {
    tasks_.spawn("side", keep(std::move(task), outcome));
  }
  std::string receive_text(Stream& stream) {
    const auto got = runtime_.run(receive(stream));
    return got ? std::string(as_text(*got)) : got.error().to_string();
  }

  VirtualRuntime runtime_;
  Env env_ = runtime_.env();
  std::pair<StreamPtr, StreamPtr> ends_ = make_memory_stream_pair(env_);
  Stream& dialer_ = *ends_.first;
  Stream& listener_ = *ends_.second;
  TaskGroup tasks_{env_};
};

TEST(MultistreamLine, CountsTheNewlineInItsLength) {
  EXPECT_EQ(to_hex(as_bytes(multistream_line("na"))), "036e610a");
  EXPECT_EQ(multistream_line(multistream_id), "\x13/multistream/1.0.0\n");
}

TEST(MultistreamLine, KnowsWhatCanBeAProtocolId) {
  EXPECT_TRUE(is_protocol_id("/ipfs/id/1.0.0"));
  EXPECT_TRUE(is_protocol_id("/caf\xc3\xa9"));
  EXPECT_FALSE(is_protocol_id(""));
  EXPECT_FALSE(is_protocol_id("/a\nb"));
  EXPECT_FALSE(is_protocol_id(std::string_view("/a\0b", 4)));
  EXPECT_FALSE(is_protocol_id("/a\x7f"));
  EXPECT_FALSE(is_protocol_id("/a\xff"));
}

TEST(AnswerMatcher, DecidesAtEveryWayOfCuttingTheAnswer) {
  for (const bool with_header : {false, true}) {
    for (const std::string protocol : {"/a/1", "x", "no", "nb"}) {
      for (const std::string& answer : {protocol, std::string("na")}) {
        const std::string bytes = (with_header ? header : "") + multistream_line(answer);
        for (std::size_t step = 1; step <= bytes.size(); ++step) {
          AnswerMatcher matcher(protocol, with_header);
          Verdict verdict = Verdict::more;
          std::size_t at = 0;
          while (verdict == Verdict::more) {
            ASSERT_GT(matcher.wanted(), 0U);
            const std::size_t size = std::min(step, matcher.wanted());
            ASSERT_LE(at + size, bytes.size()) << "reads beyond " << printable(bytes);
            verdict = matcher.feed(as_bytes(std::string_view(bytes).substr(at, size)));
            at += size;
          }
          EXPECT_EQ(verdict, answer == protocol ? Verdict::agreed : Verdict::refused);
          EXPECT_EQ(at, bytes.size());
        }
      }
    }
  }
}

TEST(AnswerMatcher, IsBrokenByTheFirstByteThatFitsNoAnswer) {
  AnswerMatcher matcher("/a/1", true);
  EXPECT_EQ(matcher.feed(as_bytes(header)), Verdict::more);
  EXPECT_EQ(matcher.feed(as_bytes("\x05/")), Verdict::more);
  EXPECT_EQ(matcher.feed(as_bytes("b")), Verdict::broken);
  EXPECT_EQ(matcher.wanted(), 0U);
}

TEST_F(Multistream, AgreesOnTheFirstProtocolOfTheDialerThatTheListenerSpeaks) {
  const std::vector<std::string> wanted = {"/a", "/b", "/c"};
  const std::vector<std::string> spoken = {"/c", "/b"};
  Outcome dialled;
  Outcome accepted;
  spawn(select_one(env_, dialer_, wanted), dialled);
  spawn(negotiate_as_listener(env_, listener_, spoken), accepted);
  runtime_.run(tasks_.join());
  EXPECT_EQ(dialled->value(), "/b");
  EXPECT_EQ(accepted->value(), "/b");
}

TEST_F(Multistream, SendsTheHeaderTogetherWithTheFirstProposal) {
  const std::vector<std::string> wanted = {"/a"};
  Outcome dialled;
  spawn(select_one(env_, dialer_, wanted), dialled);
  runtime_.run_ready();
  EXPECT_EQ(receive_text(listener_), header + "\x03/a\n");
  ASSERT_TRUE(runtime_.run(send(listener_, to_bytes(header + "\x03/a\nthe handler's"))));
  runtime_.run(tasks_.join());
  EXPECT_EQ(dialled->value(), "/a");
  EXPECT_EQ(receive_text(dialer_), "the handler's");
}

TEST_F(Multistream, SaysSoWhenEveryProtocolIsRefused) {
  const std::vector<std::string> wanted = {"/a", "/b"};
  Outcome dialled;
  Outcome accepted;
  spawn(select_one(env_, dialer_, wanted), dialled);
  spawn(negotiate_as_listener(env_, listener_, [](std::string_view) { return false; }), accepted);
  runtime_.run_ready();
  ASSERT_TRUE(dialled);
  EXPECT_EQ(dialled->error().code, Errc::not_supported);
  EXPECT_NE(dialled->error().message.find("/a, /b"), std::string::npos);
  dialer_.reset();
  runtime_.run(tasks_.join());
  EXPECT_EQ(accepted->error().code, Errc::reset);
}

TEST_F(Multistream, RefusesToProposeWhatCannotBeALine) {
  const std::vector<std::vector<std::string>> impossible = {
      {}, {""}, {"na"}, {"/a\n/b"}, {std::string(1024, 'x')}, std::vector<std::string>(17, "/a")};
  for (const auto& protocols : impossible) {
    const auto outcome = runtime_.run(select_one(env_, dialer_, protocols));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Errc::invalid_argument);
  }
}

TEST_F(Multistream, AnAnswerThatIsNeitherEchoNorRefusalBreaksTheProtocol) {
  const std::vector<std::string> wanted = {"/a"};
  for (const std::string answer : {"\x03/b\n", "/multistream/1.0.0\n", "\x13/multistream/2.0.0\n"}) {
    auto [dialer, listener] = make_memory_stream_pair(env_);
    ASSERT_TRUE(runtime_.run(send(*listener, to_bytes((answer[0] == 3 ? header : "") + answer))));
    const auto outcome = runtime_.run(select_one(env_, *dialer, wanted));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Errc::protocol) << outcome.error().to_string();
  }
}

TEST_F(Multistream, TheListenerLeavesWhatFollowsTheProposalToTheHandler) {
  ASSERT_TRUE(runtime_.run(send(dialer_, to_bytes(header + "\x03/a\nfirst data"))));
  const auto outcome =
      runtime_.run(negotiate_as_listener(env_, listener_, [](std::string_view p) { return p == "/a"; }));
  EXPECT_EQ(outcome.value(), "/a");
  EXPECT_EQ(receive_text(listener_), "first data");
}

TEST_F(Multistream, ADialerThatHasClosedBeforeTheAnswerIsStillServed) {
  ASSERT_TRUE(runtime_.run(send(dialer_, to_bytes(header + "\x03/a\nall it had to say"))));
  ASSERT_TRUE(runtime_.run(dialer_.close_write()));
  ends_.first.reset();  // our echo has nowhere to go
  const auto outcome =
      runtime_.run(negotiate_as_listener(env_, listener_, [](std::string_view p) { return p == "/a"; }));
  EXPECT_EQ(outcome.value(), "/a");
  EXPECT_EQ(receive_text(listener_), "all it had to say");
}

TEST_F(Multistream, ADialerThatGoesWithoutProposingIsClosedNotAtFault) {
  ASSERT_TRUE(runtime_.run(send(dialer_, to_bytes(header))));
  ASSERT_TRUE(runtime_.run(dialer_.close_write()));
  const auto outcome =
      runtime_.run(negotiate_as_listener(env_, listener_, [](std::string_view) { return true; }));
  EXPECT_EQ(outcome.error().code, Errc::closed);
}

TEST_F(Multistream, TheListenerAnswersHeaderAndProposalEachAsItComes) {
  Outcome accepted;
  spawn(negotiate_as_listener(env_, listener_, [](std::string_view p) { return p == "/b"; }), accepted);
  ASSERT_TRUE(runtime_.run(send(dialer_, to_bytes(header))));
  EXPECT_EQ(receive_text(dialer_), header);
  ASSERT_TRUE(runtime_.run(send(dialer_, to_bytes("\x03/a\n"))));
  EXPECT_EQ(receive_text(dialer_), "\x03na\n");
  ASSERT_TRUE(runtime_.run(send(dialer_, to_bytes("\x03/b\n"))));
  EXPECT_EQ(receive_text(dialer_), "\x03/b\n");
  runtime_.run(tasks_.join());
  EXPECT_EQ(accepted->value(), "/b");
}

TEST_F(Multistream, ALineMayBeAsLongAsTheLimitAndNoLonger) {
  for (const std::size_t size : {1023U, 1024U}) {
    auto [dialer, listener] = make_memory_stream_pair(env_);
    const std::string protocol(size, 'x');
    ASSERT_TRUE(runtime_.run(send(*dialer, to_bytes(header + multistream_line(protocol)))));
    const auto outcome =
        runtime_.run(negotiate_as_listener(env_, *listener, [](std::string_view) { return true; }));
    if (size == 1023) {
      EXPECT_EQ(outcome.value(), protocol);
    } else {
      EXPECT_EQ(outcome.error().code, Errc::limit);
    }
  }
}

TEST_F(Multistream, ADialerWaitsForASilentListenerNoLongerThanTheTimeout) {
  const std::vector<std::string> wanted = {"/a"};
  const auto outcome = runtime_.run(select_one(env_, dialer_, wanted));
  EXPECT_EQ(outcome.error().code, Errc::timeout);
  EXPECT_EQ(runtime_.now(), Instant(seconds(10)));
  EXPECT_EQ(runtime_.run(send(listener_, {1})).error().code, Errc::reset);
}

TEST_F(Multistream, IsCancelledLikeAnyTask) {
  Outcome accepted;
  spawn(negotiate_as_listener(env_, listener_, [](std::string_view) { return true; }), accepted);
  runtime_.run_for(seconds(1));
  runtime_.run(tasks_.stop());
  EXPECT_FALSE(accepted);
  EXPECT_EQ(tasks_.escaped(), 0U);
  runtime_.run_for(seconds(60));  // its deadline is gone with it
  EXPECT_TRUE(runtime_.run(send(dialer_, {1})));
}

}  // namespace
}  // namespace libp2p
