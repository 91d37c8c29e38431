#include <gtest/gtest.h>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/multistream/line.hpp"
#include "libp2p/multistream/negotiate.hpp"
#include "tests/support/streams.hpp"

namespace libp2p {
namespace {

using std::chrono::seconds;
using test::CountingStream;
using test::keep;
using test::receive;
using test::send;

const std::string header = multistream_line(multistream_id);
const std::string proposal = header + "\x03/a\n";

class LazySelect : public testing::Test {
 protected:
  std::string receive_text(Stream& stream, std::size_t at_most = 4096) {
    const auto got = runtime_.run(receive(stream, at_most));
    return got ? std::string(as_text(*got)) : got.error().to_string();
  }
  void answer(std::string_view text) { ASSERT_TRUE(runtime_.run(send(listener_, to_bytes(text)))); }

  VirtualRuntime runtime_;
  Env env_ = runtime_.env();
  std::pair<StreamPtr, StreamPtr> ends_ = make_memory_stream_pair(env_, 1024);
  Stream& listener_ = *ends_.second;
  CountingStream::Counts counts_;
  StreamPtr lazy_ =
      lazy_select(env_, std::make_unique<CountingStream>(std::move(ends_.first), counts_), "/a");
  TaskGroup tasks_{env_};
};

TEST_F(LazySelect, SendsTheProposalTogetherWithTheFirstData) {
  ASSERT_TRUE(runtime_.run(send(*lazy_, to_bytes("data"))));
  EXPECT_EQ(counts_.writes, std::vector<std::size_t>({proposal.size() + 4}));
  EXPECT_EQ(receive_text(listener_), proposal + "data");
  ASSERT_TRUE(runtime_.run(send(*lazy_, to_bytes("more"))));
  EXPECT_EQ(receive_text(listener_), "more");
}

TEST_F(LazySelect, LargeFirstDataArriveWhole) {
  const Bytes data(100'000, 0x42);
  std::optional<Result<>> written;
  tasks_.spawn("writer", keep(send(*lazy_, data), written));
  Bytes got(proposal.size() + data.size());
  ASSERT_TRUE(runtime_.run(read_exact(listener_, got)));
  runtime_.run(tasks_.join());
  EXPECT_EQ(as_text(got).substr(0, proposal.size()), proposal);
  EXPECT_TRUE(equal(BytesView(got).subspan(proposal.size()), data));
}

TEST_F(LazySelect, SendsNothingUntilItIsUsed) {
  runtime_.run_for(seconds(60));
  EXPECT_TRUE(counts_.writes.empty());
  EXPECT_FALSE(counts_.reset);
}

TEST_F(LazySelect, AReaderThatNeverWritesSendsTheProposal) {
  std::optional<Result<Bytes>> got;
  tasks_.spawn("reader", keep(receive(*lazy_), got));
  runtime_.run_ready();
  EXPECT_EQ(receive_text(listener_), proposal);
  answer(proposal + "greeting");
  runtime_.run(tasks_.join());
  EXPECT_EQ(as_text(got->value()), "greeting");
}

TEST_F(LazySelect, AHalfCloseBeforeAnyWriteSendsTheProposal) {
  ASSERT_TRUE(runtime_.run(lazy_->close_write()));
  EXPECT_EQ(receive_text(listener_), proposal);
  EXPECT_EQ(receive_text(listener_), "");
  answer(proposal + "reply");
  EXPECT_EQ(receive_text(*lazy_), "reply");
}

TEST_F(LazySelect, AHalfCloseBeforeTheAnswerDoesNotLoseTheRequest) {
  ASSERT_TRUE(runtime_.run(send(*lazy_, to_bytes("request"))));
  ASSERT_TRUE(runtime_.run(lazy_->close_write()));
  EXPECT_EQ(as_text(runtime_.run(read_to_end(listener_, 1000)).value()), proposal + "request");
}

TEST_F(LazySelect, NothingIsReadOutBeforeTheListenerHasAgreed) {
  ASSERT_TRUE(runtime_.run(send(*lazy_, to_bytes("data"))));
  std::optional<Result<Bytes>> got;
  tasks_.spawn("reader", keep(receive(*lazy_), got));
  const std::string all = proposal + "reply";
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(got && i < proposal.size());
    answer(all.substr(i, 1));
  }
  runtime_.run(tasks_.join());
  EXPECT_EQ(as_text(got->value()), "r");
  EXPECT_EQ(receive_text(*lazy_), "eply");
}

TEST_F(LazySelect, ARefusalSurfacesOnReadAndEndsTheStream) {
  ASSERT_TRUE(runtime_.run(send(*lazy_, to_bytes("data"))));
  answer(header + "\x03na\n");
  for (int i = 0; i < 2; ++i) {
    const auto got = runtime_.run(receive(*lazy_));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Errc::not_supported);
  }
  EXPECT_TRUE(counts_.reset);
  EXPECT_EQ(runtime_.run(send(*lazy_, {1})).error().code, Errc::not_supported);
  EXPECT_EQ(runtime_.run(lazy_->close_write()).error().code, Errc::not_supported);
}

TEST_F(LazySelect, AnotherAnswerBreaksTheProtocol) {
  answer(header + "\x03/b\nstolen");
  const auto got = runtime_.run(receive(*lazy_));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::protocol);
}

TEST_F(LazySelect, AListenerThatClosesWithoutAnAnswerIsClosed) {
  ASSERT_TRUE(runtime_.run(listener_.close_write()));
  EXPECT_EQ(runtime_.run(receive(*lazy_)).error().code, Errc::closed);
}

TEST_F(LazySelect, AReadWaitsForTheAnswerNoLongerThanTheTimeout) {
  ASSERT_TRUE(runtime_.run(send(*lazy_, to_bytes("data"))));
  runtime_.run_for(seconds(100));  // nobody reads: nothing is overdue
  const auto got = runtime_.run(receive(*lazy_));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::timeout);
  EXPECT_EQ(runtime_.now(), Instant(seconds(110)));
  EXPECT_TRUE(counts_.reset);
}

TEST_F(LazySelect, OnceAgreedAReadMayWaitForEver) {
  ASSERT_TRUE(runtime_.run(send(*lazy_, to_bytes("data"))));
  answer(proposal);
  std::optional<Result<Bytes>> got;
  tasks_.spawn("reader", keep(receive(*lazy_), got));
  runtime_.run_for(seconds(1000));
  EXPECT_FALSE(got);
  answer("late");
  runtime_.run(tasks_.join());
  EXPECT_EQ(as_text(got->value()), "late");
}

TEST_F(LazySelect, ACancelledReadCanBeRepeatedInTheMiddleOfTheAnswer) {
  ASSERT_TRUE(runtime_.run(send(*lazy_, to_bytes("data"))));
  answer(proposal.substr(0, 22));
  const auto late = runtime_.run(with_timeout(env_, seconds(1), "reading", receive(*lazy_)));
  EXPECT_EQ(late.error().code, Errc::timeout);
  answer(proposal.substr(22) + "reply");
  EXPECT_EQ(receive_text(*lazy_), "reply");
}

// The pipe is full, so that what is being sent stays so.
class LazySelectOverAFullPipe : public LazySelect {
 protected:
  void SetUp() override {
    auto [near, far] = make_memory_stream_pair(env_, 8);
    far_ = std::move(far);
    lazy_ = lazy_select(env_, std::move(near), "/a");
  }
  StreamPtr far_;
};

TEST_F(LazySelectOverAFullPipe, AWriterWaitsForTheProposalThatAReaderIsSending) {
  std::optional<Result<Bytes>> got;
  std::optional<Result<>> written;
  tasks_.spawn("reader", keep(receive(*lazy_), got));
  runtime_.run_ready();
  tasks_.spawn("writer", keep(send(*lazy_, to_bytes("data")), written));
  runtime_.run_ready();
  EXPECT_FALSE(written);
  Bytes all(proposal.size() + 4);
  ASSERT_TRUE(runtime_.run(read_exact(*far_, all)));
  EXPECT_EQ(as_text(all), proposal + "data");
  runtime_.run(tasks_.stop());
  EXPECT_TRUE(written && *written);
}

TEST_F(LazySelectOverAFullPipe, AReaderGetsTheAnswerWhileAWriterIsStillSending) {
  std::optional<Result<Bytes>> got;
  std::optional<Result<>> written;
  tasks_.spawn("writer", keep(send(*lazy_, Bytes(1000)), written));
  runtime_.run_ready();
  tasks_.spawn("reader", keep(receive(*lazy_), got));
  ASSERT_TRUE(runtime_.run(send(*far_, to_bytes(proposal + "x"))));
  runtime_.run_ready();
  EXPECT_FALSE(written);
  EXPECT_EQ(as_text(got->value()), "x");
  runtime_.run(tasks_.stop());
}

TEST_F(LazySelectOverAFullPipe, AProposalThatIsCutOffEndsTheStream) {
  std::optional<Result<Bytes>> got;
  std::optional<Result<>> written;
  TaskGroup readers(env_);
  readers.spawn("reader", keep(receive(*lazy_), got));
  runtime_.run_ready();
  tasks_.spawn("writer", keep(send(*lazy_, to_bytes("data")), written));
  runtime_.run(readers.stop());
  runtime_.run(tasks_.join());
  EXPECT_EQ(written->error().code, Errc::reset);
  EXPECT_EQ(runtime_.run(receive(*lazy_)).error().code, Errc::reset);
  EXPECT_EQ(runtime_.run(receive(*far_)).error().code, Errc::reset);
}

TEST_F(LazySelectOverAFullPipe, ABlockedProposalTimesOutWithItsReader) {
  EXPECT_EQ(runtime_.run(receive(*lazy_)).error().code, Errc::timeout);
  EXPECT_EQ(runtime_.now(), Instant(seconds(10)));
  EXPECT_EQ(runtime_.run(send(*lazy_, {1})).error().code, Errc::timeout);
}

TEST_F(LazySelect, WorksAgainstOurOwnListener) {
  std::optional<Result<std::string>> accepted;
  const std::vector<std::string> spoken = {"/a"};
  tasks_.spawn("listener", keep(negotiate_as_listener(env_, listener_, spoken), accepted));
  ASSERT_TRUE(runtime_.run(send(*lazy_, to_bytes("ping"))));
  runtime_.run(tasks_.join());
  EXPECT_EQ(accepted->value(), "/a");
  EXPECT_EQ(receive_text(listener_), "ping");
  answer("pong");
  EXPECT_EQ(receive_text(*lazy_), "pong");
}

}  // namespace
}  // namespace libp2p
