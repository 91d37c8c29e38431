// ATTACKS, multistream-select: MS01 to MS12, against the listener and, where the dialer can be hurt alike,
// against it.
#include <gtest/gtest.h>

#include <algorithm>
#include <list>

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
using Outcome = std::optional<Result<std::string>>;

const std::string header = multistream_line(multistream_id);

// A listener that speaks /a alone, and an attacker on the other end of its stream.
class Victim {
 public:
  explicit Victim(VirtualRuntime& runtime) : runtime_(runtime), tasks_(runtime.env()) {
    auto [attacker, victim] = make_memory_stream_pair(runtime.env());
    attacker_ = std::move(attacker);
    victim_ = std::make_unique<CountingStream>(std::move(victim), counts_);
    tasks_.spawn("listener", listen());
    runtime.run_ready();
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;
  ~Victim() { runtime_.run(tasks_.stop()); }

  void send(BytesView bytes) {
    (void)runtime_.run(test::send(*attacker_, to_bytes(bytes)));
    runtime_.run_ready();
  }
  void send_hex(std::string_view hex) { send(from_hex(hex).value()); }
  std::string receive_text() {
    const auto got = runtime_.run(receive(*attacker_));
    return got ? std::string(as_text(*got)) : std::string();
  }
  // As the owner of a failed negotiation does, the listener drops its stream.
  [[nodiscard]] bool closed() const { return victim_ == nullptr; }
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }
  [[nodiscard]] std::size_t bytes_read() const { return counts_.bytes_read; }
  [[nodiscard]] std::vector<std::string> asked() const { return asked_; }

 private:
  Task<> listen() {
    outcome_ = co_await negotiate_as_listener(runtime_.env(), *victim_, [this](std::string_view protocol) {
      asked_.emplace_back(protocol);
      return protocol == "/a";
    });
    if (!*outcome_) victim_.reset();
  }

  VirtualRuntime& runtime_;
  CountingStream::Counts counts_;
  StreamPtr attacker_;
  StreamPtr victim_;
  Outcome outcome_;
  std::vector<std::string> asked_;
  TaskGroup tasks_;
};

void expect_closed_at_once(std::string_view hex, Errc code) {
  VirtualRuntime runtime;
  Victim victim(runtime);
  victim.send_hex(hex);
  ASSERT_TRUE(victim.closed()) << hex;
  EXPECT_EQ(victim.outcome()->error().code, code) << victim.outcome()->error().to_string();
  EXPECT_EQ(runtime.now(), Instant());
  EXPECT_TRUE(victim.asked().empty());
}

TEST(Multistream, MS01_GoodHeaderThenSilence) {
  VirtualRuntime runtime;
  Victim victim(runtime);
  victim.send_hex("132f6d756c746973747265616d2f312e302e300a");
  runtime.run_for(seconds(10) - std::chrono::nanoseconds(1));
  EXPECT_FALSE(victim.closed());
  runtime.run_for(std::chrono::nanoseconds(1));
  ASSERT_TRUE(victim.closed());
  EXPECT_EQ(victim.outcome()->error().code, Errc::timeout);
}

TEST(Multistream, MS02_VarintOfElevenBytes) { expect_closed_at_once("ffffffffffffffffffff01", Errc::parse); }

TEST(Multistream, MS03_TwoGigabyteClaim) { expect_closed_at_once("8080808008", Errc::limit); }

TEST(Multistream, MS04_LengthZero) { expect_closed_at_once("00", Errc::protocol); }

TEST(Multistream, MS05_HeaderWithoutNewline) {
  expect_closed_at_once("122f6d756c746973747265616d2f312e302e30", Errc::protocol);
}

// That so many connections leave room for an honest peer is the swarm's to show; here each is refused by its
// first bytes, at no cost that depends on how many follow or on how long they are held.
TEST(Multistream, MS06_SixtyFourKilobytesOfOnesHeldOn256Connections) {
  VirtualRuntime runtime;
  std::list<Victim> victims;
  const Bytes ones(65'536, 0xff);
  for (int i = 0; i < 256; ++i) {
    victims.emplace_back(runtime).send(ones);
    EXPECT_TRUE(victims.back().closed());
    EXPECT_LE(victims.back().bytes_read(), 10U);
  }
  EXPECT_EQ(runtime.now(), Instant());
}

TEST(Multistream, MS07_SeventeenUnknownProtocols) {
  VirtualRuntime runtime;
  Victim victim(runtime);
  victim.send(as_bytes(header));
  EXPECT_EQ(victim.receive_text(), header);
  for (int i = 0; i < 16; ++i) {
    EXPECT_FALSE(victim.closed());
    victim.send(as_bytes(multistream_line("/unknown/" + std::to_string(i))));
    EXPECT_EQ(victim.receive_text(), "\x03na\n") << i;
  }
  EXPECT_TRUE(victim.closed());
  victim.send(as_bytes(multistream_line("/a")));
  EXPECT_EQ(victim.outcome()->error().code, Errc::limit);
  EXPECT_EQ(victim.asked().size(), 16U);
}

TEST(Multistream, MS08_LsIsRefused) {
  VirtualRuntime runtime;
  Victim victim(runtime);
  victim.send(as_bytes(header));
  EXPECT_EQ(victim.receive_text(), header);
  victim.send_hex("036c730a");
  EXPECT_EQ(victim.receive_text(), "\x03na\n");
  victim.send(as_bytes(multistream_line("/a")));
  EXPECT_EQ(victim.receive_text(), multistream_line("/a"));
  EXPECT_EQ(victim.outcome()->value(), "/a");
}

TEST(Multistream, MS09_NonMinimalVarint) {
  expect_closed_at_once("9380002f6d756c746973747265616d2f312e302e300a", Errc::parse);
  expect_closed_at_once("93002f6d756c746973747265616d2f312e302e300a", Errc::parse);
}

TEST(Multistream, MS10_ControlCharactersInAProtocolId) {
  test::MemoryLog log;
  VirtualRuntime runtime(1, log);
  Victim victim(runtime);
  victim.send(as_bytes(header));
  EXPECT_EQ(victim.receive_text(), header);
  const std::vector<std::string> ids = {std::string("/a\0", 3), "/a\r", "/a\x1b[2J"};
  for (const std::string& id : ids) {
    victim.send(as_bytes(multistream_line(id)));
    EXPECT_EQ(victim.receive_text(), "\x03na\n");
  }
  EXPECT_TRUE(victim.asked().empty()) << "no predicate sees such an id";
  ASSERT_EQ(log.lines.size(), 3U);
  for (const std::string& line : log.lines) {
    EXPECT_TRUE(std::ranges::none_of(line, [](char c) { return c < 0x20 || c == 0x7f; })) << line;
  }
  EXPECT_NE(log.lines[0].find("x00"), std::string::npos) << log.lines[0];
  EXPECT_NE(log.lines[1].find("x0d"), std::string::npos) << log.lines[1];
  EXPECT_NE(log.lines[2].find("x1b"), std::string::npos) << log.lines[2];
}

TEST(Multistream, MS11_DataBeforeTheAgreementAreNotDelivered) {
  VirtualRuntime runtime;
  // A dialer that sends its data along: the listener doesn't touch them while it refuses, nor when it agrees.
  Victim victim(runtime);
  victim.send(as_bytes(header + multistream_line("/unknown") + multistream_line("/a") + "data"));
  EXPECT_EQ(victim.outcome()->value(), "/a");
  EXPECT_EQ(victim.bytes_read(), header.size() + 10 + 4);

  // A listener that sends before it has agreed: the lazy dialer's reader sees none of it.
  auto [dialer, listener] = make_memory_stream_pair(runtime.env());
  const StreamPtr lazy = lazy_select(runtime.env(), std::move(dialer), "/a");
  ASSERT_TRUE(runtime.run(send(*lazy, to_bytes("request"))));
  ASSERT_TRUE(runtime.run(send(*listener, to_bytes(header + "data"))));
  const auto got = runtime.run(receive(*lazy));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::protocol);
}

Task<> send_slowly(Env env, Stream& stream, std::string text, Duration pause) {
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (!co_await stream.write({&byte, 1})) co_return;
    co_await sleep_for(env, pause);
  }
}

TEST(Multistream, MS12_OneByteEveryTwoSeconds) {
  VirtualRuntime runtime;
  for (const bool against_the_dialer : {false, true}) {
    auto [attacker, victim] = make_memory_stream_pair(runtime.env());
    TaskGroup tasks(runtime.env());
    Outcome outcome;
    const std::vector<std::string> protocols = {"/a"};
    const Instant start = runtime.now();
    tasks.spawn("victim", keep(against_the_dialer ? select_one(runtime.env(), *victim, protocols)
                                                  : negotiate_as_listener(runtime.env(), *victim, protocols),
                               outcome));
    tasks.spawn("attacker",
                send_slowly(runtime.env(), *attacker, header + multistream_line("/a"), seconds(2)));
    runtime.run_for(seconds(10));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->error().code, Errc::timeout);
    EXPECT_EQ(runtime.now() - start, seconds(10));
    EXPECT_EQ(runtime.run(send(*attacker, {1})).error().code, Errc::reset);
    runtime.run(tasks.stop());
  }
}

}  // namespace
}  // namespace libp2p
