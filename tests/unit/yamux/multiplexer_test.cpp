#include "libp2p/yamux/multiplexer.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/random.hpp"
#include "tests/support/yamux.hpp"
#include "tests/support/yamux_model.hpp"

namespace libp2p::yamux {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::YamuxFrame;

constexpr StreamId theirs = 1;  // of the dialer, who is the other side here

// A listener that is spoken to in frames.
class YamuxMultiplexer : public testing::Test {
 protected:
  std::size_t tell(Bytes bytes) { return mux.receive(bytes, now); }
  std::vector<YamuxFrame> said() {
    Bytes batch;
    mux.take_output(batch, now);
    return test::yamux_frames(batch);
  }
  SubstreamPtr accept(StreamId id = theirs) {
    tell(test::yamux_window(id, 0, syn_flag));
    SubstreamPtr stream = mux.accept();
    (void)said();
    return stream;
  }
  std::string read(Substream& stream, std::size_t at_most = 100) {
    Bytes out(at_most);
    const auto done = mux.read(stream, out);
    if (!done) {
      mux.cancel_read(stream);
      return "(waits)";
    }
    if (!*done) return "(" + done->error().to_string() + ")";
    return **done == 0 ? "(end)" : std::string(as_text(BytesView(out).first(**done)));
  }
  bool write(Substream& stream, std::string_view text) {
    const auto done = mux.write(stream, as_bytes(text));
    return done && *done;
  }

  Instant now = Instant(seconds(100));
  YamuxConfig config;
  Multiplexer mux{YamuxRole::listener, config};
};

TEST_F(YamuxMultiplexer, TheDialersIdsAreOddAndTheListenersEven) {
  Multiplexer dialer(YamuxRole::dialer, config);
  EXPECT_EQ(dialer.open(now).value()->id, 1U);
  EXPECT_EQ(dialer.open(now).value()->id, 3U);
  EXPECT_EQ(mux.open(now).value()->id, 2U);
  EXPECT_EQ(mux.open(now).value()->id, 4U);
}

TEST_F(YamuxMultiplexer, SynRidesOnTheFirstData) {
  const SubstreamPtr stream = mux.open(now).value();
  EXPECT_FALSE(mux.has_output());
  EXPECT_TRUE(write(*stream, "hello"));
  EXPECT_TRUE(write(*stream, "again"));
  const auto frames = said();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].header, (Header{FrameType::data, syn_flag, 2, 5}));
  EXPECT_EQ(as_text(frames[0].payload), "hello");
  EXPECT_EQ(frames[1].header, (Header{FrameType::data, {}, 2, 5}));
}

TEST_F(YamuxMultiplexer, SynGoesOutAloneForWhoOnlyListens) {
  const SubstreamPtr stream = mux.open(now).value();
  EXPECT_EQ(read(*stream), "(waits)");
  const auto frames = said();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].header, (Header{FrameType::window_update, syn_flag, 2, 0}));
}

TEST_F(YamuxMultiplexer, SynAndFinTogetherMakeAnEmptyStream) {
  const SubstreamPtr stream = mux.open(now).value();
  EXPECT_TRUE(mux.close_write(*stream));
  const auto frames = said();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].header, (Header{FrameType::data, syn_flag | fin_flag, 2, 0}));
}

TEST_F(YamuxMultiplexer, AckGoesOutWhenTheStreamIsAccepted) {
  tell(test::yamux_data(theirs, "hi", syn_flag));
  EXPECT_TRUE(said().empty());
  const SubstreamPtr stream = mux.accept();
  ASSERT_TRUE(stream);
  const auto frames = said();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].header, (Header{FrameType::window_update, ack_flag, theirs, 0}));
  EXPECT_EQ(read(*stream), "hi");
}

TEST_F(YamuxMultiplexer, AckRidesOnAQuickAnswer) {
  tell(test::yamux_data(theirs, "hi", syn_flag));
  const SubstreamPtr stream = mux.accept();
  EXPECT_TRUE(write(*stream, "ho"));
  const auto frames = said();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].header, (Header{FrameType::data, ack_flag, theirs, 2}));
}

TEST_F(YamuxMultiplexer, AWindowThatRidesOnSynIsAdded) {
  tell(test::yamux_window(theirs, 1000, syn_flag));
  const SubstreamPtr stream = mux.accept();
  EXPECT_EQ(stream->send.available(), initial_window_bytes + 1000);
}

TEST_F(YamuxMultiplexer, AWindowThatRidesOnAckIsAddedToo) {
  const SubstreamPtr stream = mux.open(now).value();
  EXPECT_TRUE(write(*stream, "x"));
  tell(test::yamux_window(2, 70000, ack_flag));
  EXPECT_EQ(stream->send.available(), initial_window_bytes - 1 + 70000);
}

TEST_F(YamuxMultiplexer, FramesMayBeCutAnywhere) {
  Bytes bytes = test::yamux_data(theirs, "hello ", syn_flag);
  append(bytes, test::yamux_data(theirs, "world", fin_flag));
  for (const std::uint8_t byte : bytes) EXPECT_EQ(mux.receive({&byte, 1}, now), 1U);
  const SubstreamPtr stream = mux.accept();
  EXPECT_EQ(read(*stream), "hello world");
  EXPECT_EQ(read(*stream), "(end)");
}

TEST_F(YamuxMultiplexer, DataGoesStraightToAWaitingReader) {
  const SubstreamPtr stream = accept();
  Bytes out(5);
  EXPECT_FALSE(mux.read(*stream, out));
  tell(test::yamux_data(theirs, "hello world"));
  EXPECT_EQ(stream->delivered, 5U);
  EXPECT_EQ(as_text(out), "hello");
  EXPECT_EQ(mux.unread_bytes(), 6U);
  EXPECT_EQ(mux.read(*stream, out).value().value(), 5U);
  EXPECT_EQ(read(*stream), " world");
}

TEST_F(YamuxMultiplexer, AWithdrawnReadLosesNothing) {
  const SubstreamPtr stream = accept();
  Bytes out(5);
  EXPECT_FALSE(mux.read(*stream, out));
  tell(test::yamux_data(theirs, "hello world"));
  mux.cancel_read(*stream);
  EXPECT_EQ(mux.unread_bytes(), 11U);
  EXPECT_EQ(read(*stream), "hello world");
}

TEST_F(YamuxMultiplexer, TheWindowIsReplenishedByReadingNotByArrival) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_data(theirs, std::string(initial_window_bytes, 'x')));
  EXPECT_TRUE(said().empty());
  EXPECT_EQ(read(*stream, 131071).size(), 131071U);
  EXPECT_TRUE(said().empty());
  EXPECT_EQ(read(*stream, 1).size(), 1U);
  const auto frames = said();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].header, (Header{FrameType::window_update, {}, theirs, 131072}));
}

TEST_F(YamuxMultiplexer, ManyReadsMakeOneUpdateWhileTheWriterIsBusy) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_data(theirs, std::string(initial_window_bytes, 'x')));
  for (int i = 0; i < 256; ++i) (void)read(*stream, 1024);
  const auto frames = said();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].header.length, initial_window_bytes);
}

TEST_F(YamuxMultiplexer, WhatIsOnItsWayWithinAFrameIsNotTakenForRead) {
  const SubstreamPtr stream = accept();
  Bytes bytes = test::yamux_data(theirs, std::string(initial_window_bytes, 'x'));
  bytes.resize(header_size + 4096);
  tell(bytes);
  EXPECT_EQ(read(*stream, 4096).size(), 4096U);
  EXPECT_TRUE(said().empty());
}

TEST_F(YamuxMultiplexer, NoUpdateForAStreamThatWasClosed) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_data(theirs, std::string(initial_window_bytes, 'x'), fin_flag));
  while (read(*stream, 65536) != "(end)") {
  }
  EXPECT_TRUE(said().empty());
}

TEST_F(YamuxMultiplexer, WritingStopsAtTheWindowAndGoesOnWithAnUpdate) {
  const SubstreamPtr stream = accept();
  const std::string text(initial_window_bytes + 10, 'x');
  EXPECT_FALSE(mux.write(*stream, as_bytes(text)));
  (void)said();
  (void)said();
  EXPECT_EQ(stream->send.available(), 0U);
  EXPECT_EQ(stream->outgoing.size(), 10U);
  EXPECT_TRUE(said().empty());
  tell(test::yamux_window(theirs, 4));
  EXPECT_EQ(said().at(0).header, (Header{FrameType::data, {}, theirs, 4}));
  EXPECT_FALSE(mux.write_outcome(*stream));
  tell(test::yamux_window(theirs, 1000));
  EXPECT_EQ(said().at(0).header.length, 6U);
  EXPECT_TRUE(mux.write_outcome(*stream).value());
}

TEST_F(YamuxMultiplexer, ASecondWriteAtTheSameTimeIsRefused) {
  const SubstreamPtr stream = accept();
  const std::string text(initial_window_bytes + 10, 'x');
  EXPECT_FALSE(mux.write(*stream, as_bytes(text)));
  EXPECT_EQ(mux.write(*stream, as_bytes("y"))->error().code, Errc::busy);
  EXPECT_EQ(mux.close_write(*stream).error().code, Errc::busy);
}

TEST_F(YamuxMultiplexer, ASecondReadAtTheSameTimeIsRefused) {
  const SubstreamPtr stream = accept();
  Bytes first(10);
  Bytes second(10);
  EXPECT_FALSE(mux.read(*stream, first));
  tell(test::yamux_data(theirs, "hello"));
  EXPECT_EQ(mux.read(*stream, second)->error().code, Errc::busy);
  EXPECT_EQ(mux.read(*stream, first)->value(), 5U);
  EXPECT_EQ(as_text(BytesView(first).first(5)), "hello");
}

TEST_F(YamuxMultiplexer, StreamsTakeTurnsByTheChunk) {
  const SubstreamPtr bulk = accept(1);
  const SubstreamPtr other = accept(3);
  tell(test::yamux_window(1, 8U << 20));
  tell(test::yamux_window(3, 8U << 20));
  const std::string text(2U << 20, 'x');
  EXPECT_FALSE(mux.write(*bulk, as_bytes(text)));  // fills the first batch alone
  EXPECT_FALSE(mux.write(*other, as_bytes(text)));
  std::vector<StreamId> order;
  for (auto frames = said(); !frames.empty(); frames = said()) {
    for (const YamuxFrame& frame : frames) {
      EXPECT_LE(frame.header.length, config.max_chunk_bytes);
      order.push_back(frame.header.stream);
    }
  }
  ASSERT_EQ(order.size(), 64U);
  EXPECT_EQ(std::count(order.begin(), order.begin() + 4, 1U), 4);
  for (std::size_t i = 4; i < 60; i += 2) EXPECT_NE(order[i], order[i + 1]) << i;
}

TEST_F(YamuxMultiplexer, ABatchHoldsWholeFramesAndIsBounded) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_window(theirs, 8U << 20));
  const std::string text(4U << 20, 'x');
  EXPECT_FALSE(mux.write(*stream, as_bytes(text)));
  std::size_t total = 0;
  Bytes batch;
  for (;;) {
    mux.take_output(batch, now);
    if (batch.empty()) break;
    EXPECT_LE(batch.size(), config.max_batch_bytes + config.max_chunk_bytes + header_size);
    for (const YamuxFrame& frame : test::yamux_frames(batch)) total += frame.payload.size();
  }
  EXPECT_EQ(total, text.size());
}

TEST_F(YamuxMultiplexer, BatchesShrinkOnASlowConnectionAndGrowBack) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_window(theirs, 64U << 20));
  const std::string text(32U << 20, 'x');
  EXPECT_FALSE(mux.write(*stream, as_bytes(text)));
  Bytes batch;
  for (int i = 0; i < 10; ++i) {
    mux.take_output(batch, now);
    mux.batch_written(seconds(2));
  }
  EXPECT_LE(batch.size(), config.max_chunk_bytes + header_size);
  for (int i = 0; i < 10; ++i) {
    mux.take_output(batch, now);
    mux.batch_written(milliseconds(1));
  }
  EXPECT_GE(batch.size(), config.max_batch_bytes);
}

TEST_F(YamuxMultiplexer, ClosedByBothSidesTheStreamIsGone) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_data(theirs, "bye", fin_flag));
  EXPECT_EQ(read(*stream), "bye");
  EXPECT_EQ(read(*stream), "(end)");
  EXPECT_TRUE(write(*stream, "bye"));
  EXPECT_EQ(mux.stream_count(), 1U);
  EXPECT_TRUE(mux.close_write(*stream));
  EXPECT_EQ(mux.stream_count(), 0U);
  EXPECT_EQ(mux.window_bytes(), 0U);
  const auto frames = said();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_TRUE(frames[1].header.flags.fin());
  EXPECT_EQ(mux.write(*stream, as_bytes("x"))->error().code, Errc::closed);
  mux.release(*stream);
  EXPECT_TRUE(said().empty());
}

TEST_F(YamuxMultiplexer, WhatIsUnreadKeepsAClosedStreamInAllCounts) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_data(theirs, "bye", fin_flag));
  EXPECT_TRUE(mux.close_write(*stream));
  EXPECT_EQ(mux.stream_count(), 1U);
  EXPECT_EQ(read(*stream), "bye");
  EXPECT_EQ(mux.stream_count(), 0U);
  EXPECT_EQ(read(*stream), "(end)");
}

TEST_F(YamuxMultiplexer, AResetDiscardsWhatWasUnread) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_data(theirs, "half of it"));
  tell(test::yamux_window(theirs, 0, rst_flag));
  EXPECT_EQ(read(*stream), "(reset: the other side reset the stream)");
  EXPECT_EQ(mux.write(*stream, as_bytes("x"))->error().code, Errc::reset);
  EXPECT_EQ(mux.stream_count(), 0U);
  EXPECT_EQ(mux.unread_bytes(), 0U);
}

TEST_F(YamuxMultiplexer, AResetAfterTheEndDoesNotTakeBackWhatWasSaid) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_data(theirs, "an answer", fin_flag));
  tell(test::yamux_window(theirs, 0, rst_flag));
  EXPECT_EQ(mux.write(*stream, as_bytes("x"))->error().code, Errc::reset);
  EXPECT_EQ(mux.stream_count(), 1U);
  EXPECT_EQ(read(*stream), "an answer");
  EXPECT_EQ(read(*stream), "(end)");
  EXPECT_EQ(mux.stream_count(), 0U);
}

TEST_F(YamuxMultiplexer, NorDoesItWhereWeOpenedTheStream) {
  const SubstreamPtr stream = mux.open(now).value();
  EXPECT_TRUE(mux.write(*stream, as_bytes("a question")));
  EXPECT_TRUE(mux.close_write(*stream));
  (void)said();
  tell(test::yamux_data(stream->id, "an answer", fin_flag));
  tell(test::yamux_window(stream->id, 0, rst_flag));
  EXPECT_EQ(read(*stream), "an answer");
  EXPECT_EQ(read(*stream), "(end)");
  EXPECT_EQ(mux.stream_count(), 0U);
}

TEST_F(YamuxMultiplexer, AReasonThatRidesOnAResetIsNotAWindow) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_window(theirs, 0xffffffff, rst_flag));
  EXPECT_FALSE(mux.ended());
  EXPECT_EQ(read(*stream), "(reset: the other side reset the stream)");
}

TEST_F(YamuxMultiplexer, ResettingTellsTheOtherSideAndLateFramesAreIgnored) {
  const SubstreamPtr stream = accept();
  mux.reset(*stream);
  const auto frames = said();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].header, (Header{FrameType::window_update, rst_flag, theirs, 0}));
  tell(test::yamux_data(theirs, "late"));
  tell(test::yamux_window(theirs, 5));
  tell(test::yamux_data(theirs, "", fin_flag));
  tell(test::yamux_window(theirs, 0, rst_flag));
  EXPECT_FALSE(mux.ended());
  EXPECT_TRUE(said().empty());
  EXPECT_EQ(read(*stream), "(reset: the stream was reset by this side)");
}

TEST_F(YamuxMultiplexer, LateDataMustKeepToTheWindowThatTheStreamHad) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_data(theirs, "some"));
  mux.reset(*stream);
  tell(test::yamux_data(theirs, std::string(initial_window_bytes - 4, 'x')));
  EXPECT_FALSE(mux.ended());
  tell(test::yamux_data(theirs, "x"));
  ASSERT_TRUE(mux.ended());
  EXPECT_EQ(mux.ended()->code, Errc::protocol);
}

TEST_F(YamuxMultiplexer, AStreamResetInTheMiddleOfAFrameSkipsTheRestOfIt) {
  const SubstreamPtr stream = accept();
  Bytes bytes = test::yamux_data(theirs, "hello world");
  tell(Bytes(bytes.begin(), bytes.begin() + 15));
  mux.reset(*stream);
  tell(Bytes(bytes.begin() + 15, bytes.end()));
  tell(test::yamux_data(3, "next", syn_flag));
  EXPECT_FALSE(mux.ended());
  const SubstreamPtr next = mux.accept();
  ASSERT_TRUE(next);
  EXPECT_EQ(read(*next), "next");
}

TEST_F(YamuxMultiplexer, AStreamThatWasNeverHeardOfNeedsNoReset) {
  const SubstreamPtr stream = mux.open(now).value();
  mux.release(*stream);
  EXPECT_TRUE(said().empty());
  EXPECT_EQ(mux.stream_count(), 0U);
}

TEST_F(YamuxMultiplexer, ResetsOfStreamsThatNeverWereAreIgnored) {
  tell(test::yamux_window(77, 0, rst_flag));
  tell(test::yamux_data(79, "", rst_flag));
  EXPECT_FALSE(mux.ended());
}

TEST_F(YamuxMultiplexer, LettingGoAfterClosingIsQuietUntilTheOtherSideWrites) {
  const SubstreamPtr stream = accept();
  EXPECT_TRUE(mux.close_write(*stream));
  (void)said();
  mux.release(*stream);
  EXPECT_TRUE(said().empty());
  EXPECT_EQ(mux.stream_count(), 0U);
  tell(test::yamux_data(theirs, "anybody there?"));
  const auto frames = said();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].header, (Header{FrameType::window_update, rst_flag, theirs, 0}));
  tell(test::yamux_data(theirs, "hello?"));
  EXPECT_TRUE(said().empty());
}

TEST_F(YamuxMultiplexer, LettingGoAfterClosingStillSendsTheEnd) {
  const SubstreamPtr a = accept(1);
  const SubstreamPtr b = accept(3);
  const std::string bulk(initial_window_bytes, 'a');
  (void)mux.write(*a, as_bytes(bulk));  // the batch is full
  EXPECT_TRUE(mux.close_write(*b));
  mux.release(*b);
  const auto frames = said();
  EXPECT_TRUE(std::ranges::any_of(
      frames, [](const YamuxFrame& f) { return f.header.stream == 3 && f.header.flags.fin(); }));
  EXPECT_TRUE(std::ranges::none_of(frames, [](const YamuxFrame& f) { return f.header.flags.rst(); }));
}

TEST_F(YamuxMultiplexer, LettingGoWithSomethingUnreadResets) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_data(theirs, "unread"));
  EXPECT_TRUE(mux.close_write(*stream));
  (void)said();
  mux.release(*stream);
  EXPECT_EQ(said().at(0).header.flags, rst_flag);
}

TEST_F(YamuxMultiplexer, OpeningWaitsWhileTooManyAreNotAcknowledged) {
  std::vector<SubstreamPtr> streams;
  for (std::size_t i = 0; i < config.ack_backlog; ++i) {
    streams.push_back(mux.open(now).value());
    EXPECT_TRUE(write(*streams.back(), "x"));
  }
  EXPECT_EQ(mux.open(now).error().code, Errc::busy);
  Events events;
  mux.take_events(events);
  tell(test::yamux_window(2, 0, ack_flag));
  mux.take_events(events);
  EXPECT_TRUE(events.openable);
  EXPECT_TRUE(mux.open(now));
  EXPECT_EQ(mux.open(now).error().code, Errc::busy);
  tell(test::yamux_window(4, 0, rst_flag));
  EXPECT_TRUE(mux.open(now));
  tell(test::yamux_data(6, "an answer without the flag"));
  EXPECT_TRUE(mux.open(now));
  mux.release(*streams[10]);
  EXPECT_TRUE(mux.open(now));
}

TEST_F(YamuxMultiplexer, AnswersPings) {
  tell(test::yamux_ping(syn_flag, 0xabcdef));
  const auto frames = said();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].header, (Header{FrameType::ping, ack_flag, 0, 0xabcdef}));
}

TEST_F(YamuxMultiplexer, PingsOneAtATimeAndNoMoreThanTheOtherSideMayBear) {
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(mux.request_ping(now));
    EXPECT_TRUE(mux.request_ping(now));  // joins
    const auto frames = said();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].header.flags, syn_flag);
    now += milliseconds(3);
    tell(test::yamux_ping(ack_flag, frames[0].header.length));
  }
  EXPECT_EQ(mux.round_trip().least(), milliseconds(3));
  EXPECT_FALSE(mux.request_ping(now));
  EXPECT_EQ(mux.next_ping(now), Instant(seconds(110)));
  now = Instant(seconds(110));
  EXPECT_TRUE(mux.request_ping(now));
}

TEST_F(YamuxMultiplexer, GoAwayLetsStreamsFinishButOpensNoMore) {
  const SubstreamPtr stream = accept();
  tell(test::yamux_go_away(0));
  EXPECT_FALSE(mux.ended());
  EXPECT_EQ(mux.open(now).error().code, Errc::closed);
  tell(test::yamux_data(theirs, "the rest", fin_flag));
  EXPECT_EQ(read(*stream), "the rest");
  EXPECT_FALSE(mux.abandoned());
  EXPECT_TRUE(mux.close_write(*stream));
  EXPECT_TRUE(mux.abandoned());
}

TEST_F(YamuxMultiplexer, GoAwayWithAnAccusationEndsTheSession) {
  tell(test::yamux_go_away(1));
  ASSERT_TRUE(mux.ended());
  EXPECT_EQ(mux.ended()->to_string(), "reset: the other side ended the session for protocol error (1)");
  EXPECT_FALSE(mux.has_output());
}

TEST_F(YamuxMultiplexer, AnEndInOrderSendsWhatWasWrittenAndThenGoesAway) {
  const SubstreamPtr stream = accept();
  EXPECT_TRUE(write(*stream, "last words"));
  EXPECT_TRUE(mux.close_write(*stream));
  mux.end(Error{Errc::closed, "enough"}, GoAwayCode::normal);
  const auto frames = said();
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(as_text(frames[0].payload), "last words");
  EXPECT_TRUE(frames[1].header.flags.fin());
  EXPECT_EQ(frames[2].header, (Header{FrameType::go_away, {}, 0, 0}));
  EXPECT_FALSE(mux.has_output());
}

TEST_F(YamuxMultiplexer, AfterTheEndWhatHadArrivedCanStillBeRead) {
  const SubstreamPtr whole = accept(1);
  const SubstreamPtr half = accept(3);
  tell(test::yamux_data(1, "all of it", fin_flag));
  tell(test::yamux_data(3, "a part"));
  mux.end(Error{Errc::io, "cable"}, std::nullopt);
  EXPECT_EQ(read(*whole), "all of it");
  EXPECT_EQ(read(*whole), "(end)");
  EXPECT_EQ(read(*half), "a part");
  EXPECT_EQ(read(*half), "(reset: the connection ended: i/o error: cable)");
  EXPECT_EQ(mux.write(*half, as_bytes("x"))->error().code, Errc::reset);
  EXPECT_FALSE(mux.close_write(*half));
  EXPECT_EQ(mux.open(now).error().code, Errc::closed);
  EXPECT_EQ(mux.accept(), nullptr);
  mux.release(*half);
  mux.release(*whole);
  EXPECT_FALSE(mux.has_output());
}

TEST_F(YamuxMultiplexer, AfterTheEndEverythingThatComesIsThrownAway) {
  mux.end(Error{Errc::closed, "enough"}, GoAwayCode::normal);
  EXPECT_EQ(tell(Bytes(1000, 0xff)), 1000U);
  EXPECT_EQ(said().size(), 1U);
}

class YamuxSmallBudget : public YamuxMultiplexer {
 protected:
  static YamuxConfig small() {
    YamuxConfig config;
    config.budget_bytes = 1600;
    return config;
  }
  YamuxSmallBudget() : mux_(YamuxRole::listener, small()) {}
  std::size_t tell(BytesView bytes) { return mux_.receive(bytes, now); }
  SubstreamPtr accept(StreamId id) {
    tell(test::yamux_window(id, 0, syn_flag));
    return mux_.accept();
  }
  bool became_roomy() {
    Events events;
    mux_.take_events(events);
    return events.roomy;
  }
  Multiplexer mux_;
};

TEST_F(YamuxSmallBudget, UnreadBytesThatFillItHoldUpTheConnectionUntilSomeAreRead) {
  const SubstreamPtr stream = accept(1);
  const Bytes data = test::yamux_data(1, std::string(2000, 'x'));
  EXPECT_EQ(tell(data), header_size + 1600);
  EXPECT_TRUE(mux_.overfull());
  EXPECT_EQ(tell(BytesView(data).subspan(header_size + 1600)), 0U);
  Bytes out(99);
  EXPECT_EQ(mux_.read(*stream, out)->value(), 99U);
  EXPECT_TRUE(mux_.overfull());
  EXPECT_FALSE(became_roomy());
  EXPECT_EQ(mux_.read(*stream, out)->value(), 99U);
  EXPECT_FALSE(mux_.overfull());
  EXPECT_TRUE(became_roomy());
  EXPECT_EQ(tell(BytesView(data).subspan(header_size + 1600)), 198U);
  EXPECT_EQ(mux_.unread_bytes(), 1600U);
}

TEST_F(YamuxSmallBudget, AReaderThatWaitsForTheVeryBytesGetsThem) {
  const SubstreamPtr hoarder = accept(1);
  const SubstreamPtr reader = accept(3);
  tell(test::yamux_data(1, std::string(1600, 'x')));
  const Bytes data = test::yamux_data(3, "hello");
  EXPECT_EQ(tell(data), header_size);
  EXPECT_TRUE(mux_.overfull());
  Bytes out(10);
  EXPECT_FALSE(mux_.read(*reader, out));
  EXPECT_TRUE(became_roomy());
  EXPECT_EQ(tell(BytesView(data).subspan(header_size)), 5U);
  EXPECT_EQ(mux_.read(*reader, out)->value(), 5U);
}

TEST_F(YamuxSmallBudget, ResettingTheStreamThatIsBeingReceivedLetsTheOthersOn) {
  const SubstreamPtr hoarder = accept(1);
  const SubstreamPtr other = accept(3);
  tell(test::yamux_data(1, std::string(1600, 'x')));
  const Bytes data = test::yamux_data(3, "hello");
  EXPECT_EQ(tell(data), header_size);
  mux_.reset(*other);
  EXPECT_TRUE(became_roomy());
  EXPECT_EQ(tell(BytesView(data).subspan(header_size)), 5U);
  EXPECT_FALSE(hoarder->failure);
}

TEST_F(YamuxSmallBudget, ShedResetsTheStreamsThatHoldMostAndNoMore) {
  const SubstreamPtr little = accept(1);
  const SubstreamPtr most = accept(3);
  const SubstreamPtr more = accept(5);
  tell(test::yamux_data(1, std::string(300, 'a')));
  tell(test::yamux_data(3, std::string(900, 'b')));
  tell(test::yamux_data(5, std::string(500, 'c')));
  EXPECT_TRUE(mux_.overfull());
  mux_.shed();
  EXPECT_FALSE(mux_.overfull());
  EXPECT_EQ(most->failure->code, Errc::limit);
  EXPECT_FALSE(little->failure);
  EXPECT_FALSE(more->failure);
  EXPECT_EQ(mux_.unread_bytes(), 700U);
}

// Memory that is all with others, until they give some back.
struct Elsewhere final : MemoryBudget {
  bool try_take(std::size_t) noexcept override { return free; }
  void give_back(std::size_t) noexcept override {}
  [[nodiscard]] Error refusal() const override { return {Errc::limit, "256 bytes (limits.memory)"}; }
  bool free = false;
};

TEST_F(YamuxMultiplexer, HoldsUpTheConnectionWhileTheSharedMemoryIsWithOthers) {
  const auto memory = std::make_shared<Elsewhere>();
  mux.draw_from(memory);
  const SubstreamPtr stream = accept();
  const std::size_t has_anyway = 64U << 10;
  const Bytes data = test::yamux_data(theirs, std::string(100'000, 'x'));
  const std::size_t taken = tell(data);
  EXPECT_LE(taken, header_size + has_anyway);
  EXPECT_GT(taken, has_anyway / 2);
  EXPECT_TRUE(mux.overfull());
  // It comes free while nobody reads: the stream is not reset for it.
  memory->free = true;
  mux.shed();
  EXPECT_FALSE(mux.overfull());
  EXPECT_FALSE(stream->failure);
  EXPECT_EQ(tell(to_bytes(BytesView(data).subspan(taken))), data.size() - taken);
}

TEST_F(YamuxMultiplexer, AStreamThatIsShedSaysWhichLimitWasMet) {
  mux.draw_from(std::make_shared<Elsewhere>());
  const SubstreamPtr stream = accept();
  const Bytes data = test::yamux_data(theirs, std::string(100'000, 'x'));
  std::size_t taken = tell(data);
  while (const std::size_t more = tell(to_bytes(BytesView(data).subspan(taken)))) taken += more;
  ASSERT_TRUE(mux.overfull());
  mux.shed();
  EXPECT_EQ(stream->failure->code, Errc::limit);
  EXPECT_NE(stream->failure->message.find("(limits.memory)"), std::string::npos) << stream->failure->message;
  EXPECT_EQ(tell(to_bytes(BytesView(data).subspan(taken))), data.size() - taken);
}

TEST_F(YamuxMultiplexer, ForgetsClosedStreamsAfterAMinuteOfTrims) {
  const SubstreamPtr stream = accept();
  mux.reset(*stream);
  (void)said();
  for (int i = 0; i < 12; ++i) mux.trim();
  tell(test::yamux_data(theirs, "late"));
  EXPECT_FALSE(mux.ended());
  mux.trim();
  tell(test::yamux_data(theirs, "very late"));
  EXPECT_TRUE(mux.ended());
}

TEST_F(YamuxMultiplexer, TellsOfAStreamThatWasLetGoInSilenceBeforeItForgetsIt) {
  const SubstreamPtr stream = accept();
  ASSERT_TRUE(mux.close_write(*stream));
  mux.release(*stream);
  (void)said();
  for (int i = 0; i < 12; ++i) mux.trim();
  EXPECT_TRUE(said().empty());
  mux.trim();
  const auto frames = said();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].header, (Header{FrameType::window_update, rst_flag, theirs, 0}));
  // Its user wrote when it did not know yet.
  tell(test::yamux_data(theirs, "late"));
  EXPECT_FALSE(mux.ended());
  for (int i = 0; i < 13; ++i) mux.trim();
  EXPECT_TRUE(said().empty());
  tell(test::yamux_data(theirs, "very late"));
  EXPECT_TRUE(mux.ended());
}

TEST_F(YamuxMultiplexer, AnEndOfTheOtherSidesOwnNeedsNoAnswer) {
  const SubstreamPtr stream = accept();
  ASSERT_TRUE(mux.close_write(*stream));
  mux.release(*stream);
  tell(test::yamux_data(theirs, "", fin_flag));
  (void)said();
  for (int i = 0; i < 13; ++i) mux.trim();
  EXPECT_TRUE(said().empty());
}

TEST_F(YamuxMultiplexer, RemembersSoManyClosedStreamsAndNoMore) {
  config.remembered_streams = 2;
  Multiplexer small(YamuxRole::listener, config);
  for (const StreamId id : {1U, 3U, 5U}) {
    const Bytes syn = test::yamux_window(id, 0, syn_flag);
    (void)small.receive(syn, now);
    small.reset(*small.accept());
  }
  const auto late = [&](StreamId id) { return small.receive(test::yamux_data(id, "late"), now); };
  (void)late(3);
  (void)late(5);
  EXPECT_FALSE(small.ended());
  (void)late(1);
  EXPECT_TRUE(small.ended());
}

TEST_F(YamuxMultiplexer, TwoOfThemAgree) {
  Multiplexer dialer(YamuxRole::dialer, config);
  const SubstreamPtr out = dialer.open(now).value();
  const std::string text(1'000'000, 'z');
  EXPECT_FALSE(dialer.write(*out, as_bytes(text)));
  test::exchange(dialer, mux, now);
  const SubstreamPtr in = mux.accept();
  ASSERT_TRUE(in);
  std::size_t got = 0;
  for (std::string piece; (piece = read(*in, 50'000)) != "(waits)"; test::exchange(dialer, mux, now))
    got += piece.size();
  EXPECT_EQ(got, text.size());
  EXPECT_TRUE(dialer.write_outcome(*out).value());
  EXPECT_TRUE(dialer.close_write(*out));
  EXPECT_TRUE(mux.close_write(*in));
  test::exchange(dialer, mux, now);
  EXPECT_EQ(read(*in), "(end)");
  EXPECT_EQ(dialer.stream_count() + mux.stream_count(), 0U);
}

TEST(YamuxMultiplexerModel, TwoThatKeepToTheProtocolNeverAccuseOneAnother) {
  SeededRandom random(11);
  for (int i = 0; i < 400; ++i) test::YamuxModel(random.bytes(random.below(2000))).run();
}

}  // namespace
}  // namespace libp2p::yamux
