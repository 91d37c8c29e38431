// ATTACKS, yamux: YM01 to YM18, against a listening session, beside an honest one that must not notice.
#include <gtest/gtest.h>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/yamux/session.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/yamux.hpp"

namespace libp2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::keep;
using test::YamuxFrame;
using yamux::FrameType;
using yamux::Multiplexer;

constexpr std::uint32_t first_window = yamux::initial_window_bytes;
const yamux::Flags syn = yamux::syn_flag;
const yamux::Flags fin = yamux::fin_flag;
const yamux::Flags rst = yamux::rst_flag;
const yamux::Flags none{};

Task<> store_all(Stream& stream, Bytes& into, std::size_t at_most) {
  Bytes chunk(4096);
  while (into.size() < at_most) {
    const auto got = co_await stream.read_some(chunk);
    if (!got || *got == 0) co_return;
    append(into, BytesView(chunk).first(*got));
  }
}

Task<> send_pieces(Stream& stream, std::vector<Bytes> pieces, std::size_t& sent) {
  for (const Bytes& piece : pieces) {
    if (!co_await stream.write(piece)) co_return;
    ++sent;
  }
}

// The listener under attack takes every stream and reads none.
class Attack {
 public:
  explicit Attack(bool reads_answers = true, std::size_t pipe_bytes = 256 * 1024) {
    auto [near, far] = make_memory_stream_pair(env, pipe_bytes);
    attacker = std::move(near);
    victim = std::make_unique<YamuxSession>(env, std::move(far), YamuxRole::listener);
    auto [a, b] = make_memory_stream_pair(env);
    honest[0] = std::make_unique<YamuxSession>(env, std::move(a), YamuxRole::dialer);
    honest[1] = std::make_unique<YamuxSession>(env, std::move(b), YamuxRole::listener);
    for (YamuxSession* session : {victim.get(), honest[0].get(), honest[1].get()}) session->start();
    tasks.spawn("accept", accept());
    if (reads_answers) tasks.spawn("answers", store_all(*attacker, answers, 1U << 20));
    runtime.run_ready();
  }
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;
  ~Attack() {
    // Others are served as if nothing had happened.
    const Instant began = env.now();
    EXPECT_TRUE(runtime.run(honest[0]->ping()));
    EXPECT_LT(env.now() - began, seconds(1));
    attacker->reset();
    streams.clear();
    for (YamuxSession* session : {victim.get(), honest[0].get(), honest[1].get()})
      runtime.run(session->stop());
    runtime.run(tasks.stop());
    EXPECT_EQ(tasks.escaped(), 0U);
  }

  void send(Bytes bytes) {
    std::optional<Result<>> sent;
    TaskGroup group(env);
    group.spawn("send", keep(test::send(*attacker, std::move(bytes)), sent));
    runtime.run_ready();
    runtime.run(group.stop());
  }
  void send_hex(std::string_view hex) { send(from_hex(hex).value()); }
  void open(yamux::StreamId id = 1) { send(test::yamux_window(id, 0, syn)); }
  // Ends with GOAWAY 1 and the end of the connection.
  void expect_refused(Errc code = Errc::protocol) {
    runtime.run_ready();
    ASSERT_TRUE(victim->closed());
    EXPECT_EQ(runtime.run(victim->wait_closed()).code, code)
        << runtime.run(victim->wait_closed()).to_string();
    runtime.run_for(seconds(1));
    const auto frames = said();
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back().header, (yamux::Header{FrameType::go_away, {}, 0, 1}));
    EXPECT_EQ(runtime.run(test::send(*attacker, {0})).error().code, Errc::reset);
    EXPECT_EQ(victim->stream_count(), 0U);
  }
  [[nodiscard]] std::vector<YamuxFrame> said() const { return test::yamux_frames(answers); }
  [[nodiscard]] std::size_t resets() const {
    const auto frames = said();
    return static_cast<std::size_t>(
        std::ranges::count_if(frames, [](const YamuxFrame& f) { return f.header.flags.rst(); }));
  }

  VirtualRuntime runtime;
  Env env = runtime.env();
  TaskGroup tasks{env};
  StreamPtr attacker;
  std::unique_ptr<YamuxSession> victim;
  std::unique_ptr<YamuxSession> honest[2];
  std::vector<StreamPtr> streams;
  Bytes answers;

 private:
  Task<> accept() {
    for (;;) {
      auto stream = co_await victim->accept_stream();
      if (!stream) co_return;
      streams.push_back(std::move(*stream));
    }
  }
};

TEST(Yamux, YM01_SynDataBeyondTheWindow) {
  Attack attack;
  attack.send_hex("000000010000000100040001");
  attack.expect_refused();
  EXPECT_TRUE(attack.streams.empty());
}

TEST(Yamux, YM02_WindowOverflow) {
  Attack attack;
  attack.open();
  attack.send_hex("0001000000000001ffffffff");
  attack.expect_refused();
}

TEST(Yamux, YM02_WindowOfAStreamThatNeverWas) {
  Attack attack;
  attack.send_hex("0001000000000001ffffffff");
  attack.expect_refused();
}

TEST(Yamux, YM03_WindowUpdatesWhoseSumOverflows) {
  Attack attack;
  attack.open();
  Bytes updates;
  for (int i = 0; i < 255; ++i) append(updates, test::yamux_window(1, 1U << 24));
  attack.send(updates);
  EXPECT_FALSE(attack.victim->closed());
  attack.send(updates);
  attack.expect_refused();
}

TEST(Yamux, YM04_AnotherVersion) {
  Attack attack;
  attack.send_hex("010000010000000100000000");
  attack.expect_refused();
}

TEST(Yamux, YM05_AnUnknownType) {
  Attack attack;
  attack.send_hex("000900010000000100000000");
  attack.expect_refused();
}

TEST(Yamux, YM06_SynReusingALiveId) {
  Attack attack;
  attack.open();
  EXPECT_EQ(attack.streams.size(), 1U);
  attack.open();
  attack.expect_refused();
}

TEST(Yamux, YM06_SynReusingTheIdOfAStreamThatWasReset) {
  Attack attack;
  attack.open();
  attack.send(test::yamux_window(1, 0, rst));
  attack.open();
  attack.expect_refused();
}

TEST(Yamux, YM07_SynWithAnIdOfTheOtherSides) {
  Attack attack;
  attack.open(2);
  attack.expect_refused();
}

TEST(Yamux, YM07_SynWithIdZero) {
  Attack attack;
  attack.open(0);
  attack.expect_refused();
}

TEST(Yamux, YM08_DataOnAnUnknownStream) {
  Attack attack;
  attack.send(test::yamux_frame(FrameType::data, none, 99, 1U << 30));
  attack.expect_refused();
}

TEST(Yamux, YM08_DataOnAStreamJustResetIsSkippedWithinItsWindow) {
  Attack attack;
  attack.open();
  attack.streams.clear();
  attack.send(test::yamux_data(1, std::string(first_window, 'x')));
  EXPECT_FALSE(attack.victim->closed());
  attack.open(3);
  EXPECT_EQ(attack.streams.size(), 1U);
}

TEST(Yamux, YM08_DataOnAStreamJustResetBeyondItsWindow) {
  Attack attack;
  attack.open();
  attack.streams.clear();
  attack.send(test::yamux_frame(FrameType::data, none, 1, first_window + 1));
  attack.expect_refused();
}

TEST(Yamux, YM09_SynFlood) {
  Attack attack;
  for (yamux::StreamId id = 1; id < 20'000;) {
    Bytes flood;
    for (int i = 0; i < 1000; ++i, id += 2) append(flood, test::yamux_window(id, 0, syn));
    attack.send(flood);
  }
  EXPECT_FALSE(attack.victim->closed());
  EXPECT_EQ(attack.victim->stream_count(), 1000U);
  EXPECT_EQ(attack.streams.size(), 1000U);
  EXPECT_EQ(attack.resets(), 9000U);
}

TEST(Yamux, YM10_RapidReset) {
  Attack attack;
  Bytes flood;
  for (yamux::StreamId id = 1; id < 20'000; id += 2) {
    append(flood, test::yamux_window(id, 0, syn));
    append(flood, test::yamux_window(id, 0, rst));
  }
  attack.send(flood);
  attack.expect_refused(Errc::limit);
}

TEST(Yamux, YM10_ResetsAtAnHonestRateAreNoAttack) {
  Attack attack;
  yamux::StreamId id = 1;
  for (int second = 0; second < 5; ++second) {
    for (int i = 0; i < 150; ++i, id += 2) {
      attack.open(id);
      attack.send(test::yamux_window(id, 0, rst));
    }
    attack.runtime.run_for(seconds(1));
  }
  EXPECT_FALSE(attack.victim->closed());
  EXPECT_EQ(attack.victim->stream_count(), 0U);
}

TEST(Yamux, YM11_PingFlood) {
  Attack attack;
  Bytes pings;
  for (std::uint32_t i = 0; i < 8; ++i) append(pings, test::yamux_ping(syn, i));
  attack.send(pings);
  EXPECT_FALSE(attack.victim->closed());
  attack.send(test::yamux_ping(syn, 9));
  attack.expect_refused(Errc::limit);
}

TEST(Yamux, YM11_QuestionsWhoseAnswersAreNotRead) {
  constexpr std::size_t pipe_bytes = 600;
  Attack attack(false, pipe_bytes);
  std::vector<Bytes> questions;
  for (yamux::StreamId id = 1; id < 20'000; id += 2) questions.push_back(test::yamux_window(id, 0, syn));
  std::size_t sent = 0;
  attack.tasks.spawn("ask", send_pieces(*attack.attacker, std::move(questions), sent));
  attack.runtime.run_for(milliseconds(9999));
  // The streams that it may have, the refusals that may be queued, written and in the pipe, and what one read
  // holds.
  EXPECT_LE(sent, 1000U + 3 * 64 + 3 * pipe_bytes / 12 + 4096 / 12);
  EXPECT_FALSE(attack.victim->closed());
  attack.runtime.run_for(milliseconds(2));
  EXPECT_EQ(attack.runtime.run(attack.victim->wait_closed()).code, Errc::timeout);
}

TEST(Yamux, YM11_NoMoreThan64AnswersAreQueued) {
  Multiplexer victim(YamuxRole::listener, {});
  std::size_t taken = 0;
  for (yamux::StreamId id = 1; id < 20'000; id += 2) {
    taken += victim.receive(test::yamux_window(id, 0, syn), Instant{});
    ASSERT_LE(victim.queued_control(), 64U);
  }
  EXPECT_EQ(taken, (1000U + 64) * 12);
  EXPECT_TRUE(victim.clogged());
  Bytes batch;
  victim.take_output(batch, Instant{});
  EXPECT_FALSE(victim.clogged());
}

TEST(Yamux, YM12_AnswersToPingsThatWereNeverSent) {
  Attack attack;
  for (std::uint32_t i = 0; i < 8; ++i) attack.send(test::yamux_ping(yamux::ack_flag, 1'000'000 + i));
  EXPECT_FALSE(attack.victim->closed());
  attack.send(test::yamux_ping(yamux::ack_flag, 1'000'009));
  attack.expect_refused();
}

TEST(Yamux, YM13_ThePeerNeverReadsWhileWeSend) {
  Attack attack(false);
  attack.send(test::yamux_window(1, 64U << 20, syn));
  ASSERT_EQ(attack.streams.size(), 1U);
  std::optional<Result<>> written;
  attack.tasks.spawn("write", keep(test::send(*attack.streams[0], Bytes(16U << 20)), written));
  for (int i = 0; i < 9; ++i) {
    attack.runtime.run_for(seconds(1));
    attack.send(test::yamux_window(1, 1));  // it lives, and asks for more
    EXPECT_FALSE(attack.victim->closed());
  }
  attack.runtime.run_for(seconds(2));
  EXPECT_EQ(attack.runtime.run(attack.victim->wait_closed()).to_string(),
            "timed out: the other side read nothing for 10000 ms");
  ASSERT_TRUE(written);
  EXPECT_EQ(written->error().code, Errc::reset);
}

TEST(Yamux, YM14_FinTwice) {
  Attack attack;
  attack.send(test::yamux_data(1, "", syn | fin));
  EXPECT_EQ(attack.resets(), 0U);
  attack.send(test::yamux_data(1, "", fin));
  EXPECT_EQ(attack.resets(), 1U);
  EXPECT_EQ(attack.runtime.run(test::receive(*attack.streams[0])).error().code, Errc::protocol);
  EXPECT_FALSE(attack.victim->closed());
}

TEST(Yamux, YM14_DataAfterFin) {
  Attack attack;
  attack.send(test::yamux_data(1, "the end", syn | fin));
  attack.send(test::yamux_data(1, "and on"));
  EXPECT_EQ(attack.resets(), 1U);
  EXPECT_EQ(attack.runtime.run(test::receive(*attack.streams[0])).error().code, Errc::protocol);
  attack.open(3);
  EXPECT_EQ(attack.streams.size(), 2U);
  EXPECT_FALSE(attack.victim->closed());
}

TEST(Yamux, YM15_SynAfterGoAway) {
  Attack attack;
  attack.open(1);
  attack.send(test::yamux_go_away(0));
  attack.open(3);
  EXPECT_EQ(attack.streams.size(), 1U);
  const auto frames = attack.said();
  EXPECT_EQ(frames.back().header, (yamux::Header{FrameType::window_update, rst, 3, 0}));
  EXPECT_FALSE(attack.victim->closed());
}

std::vector<Bytes> full_windows(std::size_t streams) {
  std::vector<Bytes> pieces;
  const std::string full(first_window, 'x');
  for (std::size_t i = 0; i < streams; ++i) {
    pieces.push_back(test::yamux_data(static_cast<yamux::StreamId>(2 * i + 1), full, syn));
  }
  return pieces;
}

TEST(Yamux, YM16_AThousandFullWindowsUnread) {
  Attack attack;
  std::size_t sent = 0;
  attack.tasks.spawn("send", send_pieces(*attack.attacker, full_windows(1000), sent));
  attack.runtime.run_for(milliseconds(900));
  EXPECT_LE(sent, 132U);  // what 32 MiB and the pipe hold: it waits for the users to read
  EXPECT_EQ(attack.resets(), 0U);
  for (int i = 0; i < 1000 && sent < 1000; ++i) attack.runtime.run_for(milliseconds(500));
  EXPECT_EQ(sent, 1000U);
  EXPECT_EQ(attack.streams.size(), 1000U);
  EXPECT_LE(attack.victim->stream_count(), 128U);
  EXPECT_GE(attack.victim->stream_count(), 120U);
}

TEST(Yamux, YM16_UnreadBytesStayWithinTheBudget) {
  YamuxConfig config;
  Multiplexer victim(YamuxRole::listener, config);
  Bytes batch;
  for (const Bytes& piece : full_windows(1000)) {
    for (BytesView rest = piece; !rest.empty();) {
      rest = rest.subspan(victim.receive(rest, Instant{}));
      victim.take_output(batch, Instant{});
      ASSERT_LE(victim.unread_bytes(), config.budget_bytes);
      victim.shed();
    }
  }
  EXPECT_FALSE(victim.ended());
}

TEST(Yamux, YM17_EmptyDataWithoutEnd) {
  Attack attack;
  attack.open();
  Bytes empty;
  for (int i = 0; i < 1000; ++i) append(empty, test::yamux_data(1, ""));
  attack.send(empty);
  attack.send(test::yamux_data(1, "x"));
  attack.send(empty);
  EXPECT_FALSE(attack.victim->closed());
  attack.send(test::yamux_data(1, ""));
  attack.expect_refused(Errc::limit);
}

TEST(Yamux, YM18_AllFlagsSet) {
  Attack attack;
  attack.send_hex("0000000f0000000100000000");
  attack.expect_refused();
  EXPECT_TRUE(attack.streams.empty());
}

}  // namespace
}  // namespace libp2p
