#include "libp2p/yamux/session.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/yamux.hpp"

namespace libp2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::keep;
using test::receive;
using test::send;

Task<Result<std::string>> read_all(Stream& stream) {
  LIBP2P_CO_TRY(const Bytes bytes, co_await read_to_end(stream, 64U << 20));
  co_return std::string(as_text(bytes));
}

// Sends `text`, closes, and gives what the other side sends until its end.
Task<Result<std::string>> ask(Stream& stream, std::string text) {
  LIBP2P_CO_CHECK(co_await stream.write(as_bytes(text)));
  LIBP2P_CO_CHECK(co_await stream.close_write());
  co_return co_await read_all(stream);
}

Task<Result<>> send_and_close(Stream& stream, std::string text) {
  LIBP2P_CO_CHECK(co_await stream.write(as_bytes(text)));
  co_return co_await stream.close_write();
}

Task<> echo(StreamPtr stream) {
  Bytes buffer(10'000);
  for (;;) {
    const auto got = co_await stream->read_some(buffer);
    if (!got) co_return;
    if (*got == 0) break;
    if (!co_await stream->write(BytesView(buffer).first(*got))) co_return;
  }
  (void)co_await stream->close_write();
}

// One spawned per session that is to answer.
Task<> echo_all(YamuxSession& session, TaskGroup& tasks) {
  for (;;) {
    auto stream = co_await session.accept_stream();
    if (!stream) co_return;
    tasks.spawn("echo", echo(std::move(*stream)));
  }
}

Task<> write_all(Stream& stream, std::size_t size, bool& done) {
  const Bytes data(size, 'w');
  done = (co_await stream.write(data)).has_value();
}

class YamuxSessionTest : public testing::Test {
 protected:
  ~YamuxSessionTest() override {
    if (dialer) run(dialer->stop());
    if (listener) run(listener->stop());
    run(tasks.join());
    EXPECT_EQ(tasks.escaped(), 0U);
  }
  void connect(std::pair<StreamPtr, StreamPtr> ends, YamuxConfig config = {}) {
    dialer = std::make_unique<YamuxSession>(env, std::move(ends.first), YamuxRole::dialer, config);
    listener = std::make_unique<YamuxSession>(env, std::move(ends.second), YamuxRole::listener, config);
    dialer->start();
    listener->start();
  }
  void connect() { connect(make_memory_stream_pair(env)); }
  // A stream whose first byte has been written, and read.
  std::pair<StreamPtr, StreamPtr> open() {
    StreamPtr out = run(dialer->open_stream()).value();
    EXPECT_TRUE(run(send(*out, {'!'})));
    StreamPtr in = run(listener->accept_stream()).value();
    EXPECT_EQ(run(receive(*in))->size(), 1U);
    return {std::move(out), std::move(in)};
  }
  template <class T>
  T run(Task<T> task) {
    return runtime.run(std::move(task));
  }
  template <class T>
  void start(std::optional<T>& outcome, Task<T> task) {
    tasks.spawn("start", keep(std::move(task), outcome));
    runtime.run_ready();
  }

  VirtualRuntime runtime;
  Env env = runtime.env();
  TaskGroup tasks{env};
  test::CountingStream::Counts counts;
  std::unique_ptr<YamuxSession> dialer;
  std::unique_ptr<YamuxSession> listener;
};

TEST_F(YamuxSessionTest, CarriesARequestAndItsAnswerOverHalfClosedStreams) {
  connect();
  tasks.spawn("echo", echo_all(*listener, tasks));
  StreamPtr stream = run(dialer->open_stream()).value();
  EXPECT_EQ(run(ask(*stream, "hello")).value(), "hello");
  runtime.run_ready();
  EXPECT_EQ(dialer->stream_count(), 0U);
  EXPECT_EQ(listener->stream_count(), 0U);
}

TEST_F(YamuxSessionTest, BothSidesOpenStreams) {
  connect();
  tasks.spawn("echo", echo_all(*listener, tasks));
  tasks.spawn("echo", echo_all(*dialer, tasks));
  StreamPtr there = run(dialer->open_stream()).value();
  StreamPtr back = run(listener->open_stream()).value();
  std::optional<Result<std::string>> one;
  std::optional<Result<std::string>> two;
  start(one, ask(*there, "there"));
  start(two, ask(*back, "back"));
  EXPECT_EQ(one->value(), "there");
  EXPECT_EQ(two->value(), "back");
}

TEST_F(YamuxSessionTest, AThousandStreamsAtOnceEcho) {
  connect();
  tasks.spawn("echo", echo_all(*listener, tasks));
  std::vector<StreamPtr> streams;
  std::vector<std::optional<Result<std::string>>> answers(1000);
  const std::string text(3000, 'e');
  for (auto& answer : answers) {
    streams.push_back(run(dialer->open_stream()).value());
    start(answer, ask(*streams.back(), text));
  }
  runtime.run_for(seconds(1));
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->value(), text);
  }
  EXPECT_EQ(dialer->stream_count(), 0U);
  EXPECT_EQ(listener->counters().streams_in, 1000U);
  EXPECT_EQ(dialer->counters().streams_out, 1000U);
  EXPECT_EQ(dialer->counters().bytes_in, listener->counters().bytes_out);
  EXPECT_GT(dialer->counters().bytes_in, 3'000'000U);
}

TEST_F(YamuxSessionTest, AMegabytePassesBothWaysAtOnceThroughASmallPipe) {
  connect(make_memory_stream_pair(env, 1000));
  tasks.spawn("echo", echo_all(*listener, tasks));
  StreamPtr stream = run(dialer->open_stream()).value();
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i);
  std::optional<Result<>> sent;
  start(sent, send_and_close(*stream, text));
  EXPECT_EQ(run(read_all(*stream)).value(), text);
  EXPECT_TRUE(sent && *sent);
}

TEST_F(YamuxSessionTest, ManySmallWritesGoOutAsOne) {
  auto [a, b] = make_memory_stream_pair(env);
  connect({std::make_unique<test::CountingStream>(std::move(a), counts), std::move(b)});
  auto [out, in] = open();
  counts.writes.clear();
  const auto burst = [](Stream& stream) -> Task<> {
    const Bytes word(10, 'x');
    for (int i = 0; i < 1000; ++i) (void)co_await stream.write(word);
  };
  run(burst(*out));
  runtime.run_ready();
  EXPECT_LE(counts.writes.size(), 2U);
}

TEST_F(YamuxSessionTest, AWriterWaitsForTheReader) {
  connect();
  auto [out, in] = open();
  bool done = false;
  tasks.spawn("write", write_all(*out, 2U << 20, done));
  runtime.run_for(seconds(20));
  EXPECT_FALSE(done);
  EXPECT_LT(listener->counters().bytes_in, 300'000U);
  std::size_t got = 0;
  while (got < 2U << 20) got += run(receive(*in, 65536))->size();
  runtime.run_ready();
  EXPECT_TRUE(done);
}

TEST_F(YamuxSessionTest, AStreamThatIsNotReadHoldsUpNoOther) {
  connect();
  auto [out, in] = open();
  bool done = false;
  tasks.spawn("write", write_all(*out, 2U << 20, done));
  runtime.run_ready();
  auto [other_out, other_in] = open();
  EXPECT_TRUE(run(send(*other_out, to_bytes("quick"))));
  EXPECT_EQ(as_text(run(receive(*other_in)).value()), "quick");
  EXPECT_FALSE(done);
  out->reset();
  runtime.run_ready();
}

TEST_F(YamuxSessionTest, AResetReachesTheOtherSideAndWhoWaits) {
  connect();
  auto [out, in] = open();
  std::optional<Result<Bytes>> here;
  std::optional<Result<Bytes>> there;
  start(here, receive(*out));
  start(there, receive(*in));
  out->reset();
  out->reset();
  runtime.run_ready();
  EXPECT_EQ(here->error().code, Errc::reset);
  EXPECT_EQ(there->error().code, Errc::reset);
  EXPECT_EQ(run(send(*in, {'x'})).error().code, Errc::reset);
  EXPECT_EQ(run(in->close_write()).error().code, Errc::reset);
  EXPECT_EQ(dialer->stream_count() + listener->stream_count(), 0U);
}

TEST_F(YamuxSessionTest, DroppingTheHandleResetsTheStreamAndEndsWhatWaitsInIt) {
  connect();
  auto [out, in] = open();
  std::optional<Result<Bytes>> here;
  std::optional<Result<Bytes>> there;
  start(here, receive(*out));
  start(there, receive(*in));
  out = nullptr;
  runtime.run_ready();
  EXPECT_EQ(here->error().code, Errc::reset);
  EXPECT_EQ(there->error().code, Errc::reset);
}

TEST_F(YamuxSessionTest, WhoWritesClosesAndLetsGoIsHeardToTheEnd) {
  connect();
  auto [out, in] = open();
  EXPECT_TRUE(run(send(*out, Bytes(200'000, 'x'))));
  EXPECT_TRUE(run(out->close_write()));
  out = nullptr;
  EXPECT_EQ(run(read_all(*in)).value().size(), 200'000U);
  EXPECT_TRUE(run(in->close_write()));
}

TEST_F(YamuxSessionTest, ThousandsOfShortStreamsAreNoAttack) {
  connect();
  tasks.spawn("echo", echo_all(*listener, tasks));
  for (int i = 0; i < 3000; ++i) {
    StreamPtr stream = run(dialer->open_stream()).value();
    ASSERT_TRUE(run(send(*stream, {'x'})));
    ASSERT_TRUE(run(stream->close_write()));
    ASSERT_EQ(run(receive(*stream))->size(), 1U);
  }
  EXPECT_FALSE(dialer->closed());
  EXPECT_FALSE(listener->closed());
}

TEST_F(YamuxSessionTest, WritingAfterClosingIsRefused) {
  connect();
  auto [out, in] = open();
  EXPECT_TRUE(run(out->close_write()));
  EXPECT_TRUE(run(out->close_write()));
  EXPECT_EQ(run(send(*out, {'x'})).error().code, Errc::closed);
  EXPECT_EQ(run(receive(*in)).value().size(), 0U);
}

TEST_F(YamuxSessionTest, ACancelledReadLosesNothing) {
  connect();
  auto [out, in] = open();
  Bytes buffer(100);
  for (int i = 0; i < 5; ++i) {
    const auto timed = run(with_timeout(env, milliseconds(10), "a read", in->read_some(buffer)));
    ASSERT_EQ(timed.error().code, Errc::timeout);
  }
  EXPECT_TRUE(run(send(*out, to_bytes("all of it"))));
  EXPECT_EQ(as_text(run(receive(*in)).value()), "all of it");
}

TEST_F(YamuxSessionTest, AReadCancelledWhileItsBytesArriveGivesThemToTheNext) {
  connect();
  auto [out, in] = open();
  Bytes buffer(100);
  std::optional<Result<std::size_t>> first;
  TaskGroup readers(env);
  readers.spawn("reader", keep(in->read_some(buffer), first));
  runtime.run_ready();
  // Both the bytes and the cancellation happen before the reader runs again.
  tasks.spawn("send", [](Stream& stream, TaskGroup& group) -> Task<> {
    (void)co_await send(stream, to_bytes("all of it"));
    for (int i = 0; i < 6; ++i) {
      co_await asio::post(co_await asio::this_coro::executor, use_task);
      group.cancel();
    }
  }(*out, readers));
  runtime.run_ready();
  run(readers.join());
  std::string got = first ? std::string(as_text(BytesView(buffer).first(first->value()))) : "";
  if (got.empty()) got = as_text(run(receive(*in)).value());
  EXPECT_EQ(got, "all of it");
}

TEST_F(YamuxSessionTest, ALongPathIsFilledByGrowingWindows) {
  connect(test::make_delayed_pair(env, milliseconds(50)));
  auto [out, in] = open();
  EXPECT_EQ(run(dialer->ping()).value(), milliseconds(100));
  const Instant began = env.now();
  bool done = false;
  const std::size_t total = 64U << 20;
  tasks.spawn("write", write_all(*out, total, done));
  Bytes buffer(1U << 20);
  for (std::size_t got = 0; got < total;) got += run(in->read_some(buffer)).value();
  EXPECT_TRUE(done);
  // At 256 KiB a round trip it would take 26 s; at 16 MiB, once there, 0.4 s.
  EXPECT_LT(env.now() - began, milliseconds(1500));
}

TEST_F(YamuxSessionTest, PingMeasuresTheRoundTrip) {
  connect(test::make_delayed_pair(env, milliseconds(20)));
  EXPECT_EQ(dialer->rtt(), std::nullopt);
  EXPECT_EQ(run(dialer->ping()).value(), milliseconds(40));
  EXPECT_EQ(dialer->rtt(), milliseconds(40));
  EXPECT_EQ(listener->rtt(), milliseconds(40));
}

TEST_F(YamuxSessionTest, PingsThatComeTooFastWaitForTheirTurn) {
  connect();
  const Instant began = env.now();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(run(dialer->ping())) << i;
  EXPECT_GE(env.now() - began, seconds(20));
  EXPECT_FALSE(listener->closed());
}

TEST_F(YamuxSessionTest, TwoHoursOfSilenceAreSurvived) {
  connect();
  auto [out, in] = open();
  runtime.run_for(std::chrono::hours(2));
  EXPECT_TRUE(run(send(*out, to_bytes("still there"))));
  EXPECT_EQ(as_text(run(receive(*in)).value()), "still there");
}

// Answers pings with `delay`, `count` times, and goes on reading.
Task<> answer_pings(Stream& stream, Env env, int count, Duration delay) {
  Bytes header(yamux::header_size);
  while (co_await read_exact(stream, header)) {
    const auto frame = yamux::decode_header(BytesView(header).first<yamux::header_size>()).value();
    if (frame.type != yamux::FrameType::ping || count-- <= 0) continue;
    co_await sleep_for(env, delay);
    const Bytes pong = test::yamux_ping(yamux::ack_flag, frame.length);
    if (!co_await stream.write(pong)) break;
  }
}

class YamuxSessionAlone : public YamuxSessionTest {
 protected:
  YamuxSessionAlone() {
    auto [a, b] = make_memory_stream_pair(env);
    peer = std::move(b);
    dialer = std::make_unique<YamuxSession>(env, std::move(a), YamuxRole::dialer);
    dialer->start();
  }
  ~YamuxSessionAlone() override {
    peer->reset();
    run(tasks.stop());
  }
  StreamPtr peer;
};

TEST_F(YamuxSessionAlone, APeerThatIsDeadFromTheStartIsNoticed) {
  runtime.run_for(milliseconds(9999));
  EXPECT_FALSE(dialer->closed());
  runtime.run_for(milliseconds(2));
  EXPECT_TRUE(dialer->closed());
  EXPECT_EQ(run(dialer->wait_closed()).code, Errc::timeout);
}

TEST_F(YamuxSessionAlone, APeerThatDiesIsNoticedWithin15Seconds) {
  tasks.spawn("peer", answer_pings(*peer, env, 3, milliseconds(1)));
  runtime.run_for(milliseconds(10'010));  // pings at 0, 5 and 10 s have been answered
  EXPECT_FALSE(dialer->closed());
  runtime.run_for(seconds(15));
  EXPECT_TRUE(dialer->closed());
  EXPECT_EQ(run(dialer->wait_closed()).code, Errc::timeout);
}

TEST_F(YamuxSessionAlone, WhoKeepsSendingIsAliveEvenIfItsAnswersAreLate) {
  tasks.spawn("peer", answer_pings(*peer, env, 3, seconds(12)));
  for (int i = 0; i < 5; ++i) {
    runtime.run_for(seconds(5));
    EXPECT_TRUE(run(send(*peer, test::yamux_window(1, 0, yamux::rst_flag))));
  }
  EXPECT_FALSE(dialer->closed());
  EXPECT_EQ(dialer->rtt(), seconds(12));
}

TEST_F(YamuxSessionAlone, APingWithoutAnswerTimesOut) {
  std::optional<Result<Duration>> ping;
  start(ping, dialer->ping());
  for (int i = 0; i < 3; ++i) {
    runtime.run_for(seconds(4));
    EXPECT_TRUE(run(send(*peer, test::yamux_window(1, 0, yamux::rst_flag))));
  }
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->error().code, Errc::timeout);
  EXPECT_FALSE(dialer->closed());
}

TEST_F(YamuxSessionAlone, OpeningWaitsForAcknowledgements) {
  std::vector<StreamPtr> streams;
  for (int i = 0; i < 256; ++i) streams.push_back(run(dialer->open_stream()).value());
  std::optional<Result<StreamPtr>> next;
  start(next, dialer->open_stream());
  EXPECT_FALSE(next);
  EXPECT_TRUE(run(send(*peer, test::yamux_window(1, 0, yamux::ack_flag))));
  runtime.run_ready();
  EXPECT_TRUE(next && *next);
}

TEST_F(YamuxSessionAlone, WhoWaitsToOpenLearnsThatTheOtherSideGoesAway) {
  std::vector<StreamPtr> streams;
  for (int i = 0; i < 256; ++i) streams.push_back(run(dialer->open_stream()).value());
  std::optional<Result<StreamPtr>> next;
  start(next, dialer->open_stream());
  EXPECT_TRUE(run(send(*peer, test::yamux_go_away(0))));
  runtime.run_ready();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->error().code, Errc::closed);
  EXPECT_FALSE(dialer->closed());
  streams.clear();
  runtime.run_ready();
  EXPECT_TRUE(dialer->closed());
}

TEST_F(YamuxSessionAlone, AProtocolErrorIsAnsweredByGoAwayAndTheEnd) {
  EXPECT_TRUE(run(send(*peer, from_hex("010000000000000100000000").value())));
  EXPECT_EQ(run(dialer->wait_closed()).code, Errc::protocol);
  const auto frames = test::yamux_frames(run(read_to_end(*peer, 1000)).value());
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back().header, (yamux::Header{yamux::FrameType::go_away, {}, 0, 1}));
}

TEST_F(YamuxSessionAlone, ACutConnectionEndsTheSessionAndSaysWhy) {
  StreamPtr stream = run(dialer->open_stream()).value();
  std::optional<Result<Bytes>> waits;
  start(waits, receive(*stream));
  peer->reset();
  EXPECT_EQ(run(dialer->wait_closed()).code, Errc::reset);
  runtime.run_ready();
  EXPECT_EQ(waits->error().code, Errc::reset);
  EXPECT_EQ(run(dialer->open_stream()).error().code, Errc::closed);
  EXPECT_EQ(run(dialer->accept_stream()).error().code, Errc::closed);
  EXPECT_EQ(run(dialer->ping()).error().code, Errc::closed);
}

TEST_F(YamuxSessionAlone, CloseSaysFarewellWaitsForTheOtherSideAndNoLongerThanHalfASecond) {
  const Instant began = env.now();
  dialer->close();
  dialer->close();
  EXPECT_TRUE(dialer->closed());
  run(dialer->stop());
  EXPECT_EQ(env.now() - began, milliseconds(500));
  const auto frames = test::yamux_frames(run(read_to_end(*peer, 1000)).value());
  EXPECT_EQ(frames.back().header, (yamux::Header{yamux::FrameType::go_away, {}, 0, 0}));
}

// Reads as the stream it owns; what is written to it gets nowhere.
class StuckStream final : public Stream {
 public:
  StuckStream(Env env, StreamPtr stream) : stream_(std::move(stream)), reset_(env.executor) {}
  Task<Result<std::size_t>> read_some(MutableBytes out) override { return stream_->read_some(out); }
  Task<Result<>> write(BytesView) override {
    while (!broken_) co_await reset_.wait();
    co_return fail(Errc::reset, "stuck");
  }
  Task<Result<>> close_write() override { return stream_->close_write(); }
  void reset() override {
    broken_ = true;
    reset_.notify_all();
    stream_->reset();
  }

 private:
  StreamPtr stream_;
  Notifier reset_;
  bool broken_ = false;
};

TEST_F(YamuxSessionTest, AnEndWhileAnswersAreStuckStillEnds) {
  auto [a, b] = make_memory_stream_pair(env);
  listener = std::make_unique<YamuxSession>(env, std::make_unique<StuckStream>(env, std::move(a)),
                                            YamuxRole::listener);
  listener->start();
  runtime.run_ready();  // the first ping is stuck
  // So are the answers to these; and with no stream left, the other side's go away ends the session.
  Bytes bytes = test::yamux_go_away(0);
  for (yamux::StreamId id = 1; id < 400; id += 2) append(bytes, test::yamux_window(id, 0, yamux::syn_flag));
  EXPECT_TRUE(run(send(*b, bytes)));
  EXPECT_EQ(run(listener->wait_closed()).code, Errc::closed);
  const Instant began = env.now();
  run(listener->stop());
  EXPECT_LE(env.now() - began, milliseconds(500));
}

TEST_F(YamuxSessionTest, CloseDeliversWhatWasWrittenAndEndsBothSides) {
  connect();
  auto [out, in] = open();
  EXPECT_TRUE(run(send(*out, Bytes(100'000, 'x'))));
  EXPECT_TRUE(run(out->close_write()));
  dialer->close();
  EXPECT_EQ(run(send(*out, {'x'})).error().code, Errc::reset);
  EXPECT_EQ(run(listener->wait_closed()).code, Errc::closed);
  EXPECT_EQ(run(dialer->wait_closed()).code, Errc::closed);
  EXPECT_EQ(run(read_all(*in)).value().size(), 100'000U);
  const Instant began = env.now();
  run(dialer->stop());
  run(listener->stop());
  EXPECT_EQ(env.now(), began);
}

TEST_F(YamuxSessionTest, AcceptEndsWithTheSession) {
  connect();
  std::optional<Result<StreamPtr>> accepted;
  std::optional<Error> why;
  start(accepted, listener->accept_stream());
  start(why, listener->wait_closed());
  listener->close();
  runtime.run_ready();
  ASSERT_TRUE(accepted && why);
  EXPECT_EQ(accepted->error().code, Errc::closed);
  EXPECT_EQ(why->code, Errc::closed);
}

TEST_F(YamuxSessionTest, StopsWithEverythingInFlight) {
  connect();
  std::vector<std::pair<StreamPtr, StreamPtr>> streams;
  std::vector<std::optional<Result<Bytes>>> reads(20);
  std::array<bool, 20> writes{};
  for (std::size_t i = 0; i < 20; ++i) {
    streams.push_back(open());
    tasks.spawn("write", write_all(*streams.back().first, 1U << 20, writes[i]));
    start(reads[i], receive(*streams.back().first));
  }
  std::vector<StreamPtr> pending;
  for (int i = 0; i < 250; ++i) pending.push_back(run(dialer->open_stream()).value());
  std::optional<Result<StreamPtr>> opened;
  std::optional<Result<StreamPtr>> accepted;
  std::optional<Result<Duration>> ping;
  for (int i = 0; i < 10; ++i) pending.push_back(nullptr);
  start(opened, dialer->open_stream());
  start(accepted, dialer->accept_stream());
  start(ping, dialer->ping());
  run(dialer->stop());
  run(listener->stop());
  run(tasks.join());
  for (const bool done : writes) EXPECT_FALSE(done);
  for (const auto& read : reads) EXPECT_EQ(read->error().code, Errc::reset);
  EXPECT_TRUE(accepted.has_value());
  EXPECT_EQ(dialer->stream_count() + listener->stream_count(), 0U);
}

TEST_F(YamuxSessionTest, AHandleMayOutliveItsSession) {
  connect();
  auto [out, in] = open();
  EXPECT_TRUE(run(send(*out, to_bytes("the whole"))));
  EXPECT_TRUE(run(out->close_write()));
  runtime.run_ready();
  run(dialer->stop());
  run(listener->stop());
  dialer = nullptr;
  listener = nullptr;
  EXPECT_EQ(run(read_all(*in)).value(), "the whole");
  EXPECT_EQ(run(send(*in, {'x'})).error().code, Errc::reset);
  EXPECT_EQ(run(receive(*out)).error().code, Errc::reset);
  out->reset();
  in = nullptr;
}

TEST_F(YamuxSessionTest, ASessionThatNeverStartedNeedsNoStop) {
  auto [a, b] = make_memory_stream_pair(env);
  {
    const YamuxSession session(env, std::move(a), YamuxRole::dialer);
  }
  EXPECT_EQ(run(receive(*b)).error().code, Errc::reset);
}

TEST_F(YamuxSessionTest, ASessionThatNeverStartedMayBeStopped) {
  auto [a, b] = make_memory_stream_pair(env);
  YamuxSession session(env, std::move(a), YamuxRole::dialer);
  run(session.stop());
  run(session.stop());
  EXPECT_TRUE(session.closed());
  EXPECT_EQ(run(receive(*b)).error().code, Errc::reset);
}

TEST_F(YamuxSessionTest, StoppingSurvivesBeingCancelled) {
  connect();
  auto [out, in] = open();
  {
    TaskGroup owner(env);
    owner.spawn("stop", dialer->stop());
    runtime.run_ready();
    run(owner.stop());
  }
  EXPECT_TRUE(dialer->closed());
  EXPECT_EQ(run(receive(*out)).error().code, Errc::reset);
}

TEST_F(YamuxSessionTest, BothSidesMayStopAtOnce) {
  connect();
  auto [out, in] = open();
  std::optional<Error> one;
  std::optional<Error> two;
  start(one, dialer->wait_closed());
  start(two, listener->wait_closed());
  tasks.spawn("stop", dialer->stop());
  tasks.spawn("stop", listener->stop());
  run(tasks.join());
  EXPECT_EQ(one->code, Errc::closed);
  EXPECT_EQ(two->code, Errc::closed);
}

}  // namespace
}  // namespace libp2p
