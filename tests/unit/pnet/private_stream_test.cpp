#include "libp2p/security/pnet/private_stream.hpp"

#include <gtest/gtest.h>

#include "libp2p/io/framing.hpp"
#include "libp2p/multistream/line.hpp"
#include "libp2p/security/pnet/xsalsa20.hpp"
#include "tests/support/streams.hpp"

namespace libp2p::pnet {
namespace {

using test::CountingStream;
using test::keep;
using test::receive;
using test::send;

const std::string greeting = multistream_line(multistream_id);
constexpr std::size_t nonce_bytes = XSalsa20::nonce_bytes;

PreSharedKey key_of(std::uint8_t byte) { return PreSharedKey::from_bytes(Bytes(32, byte)).value(); }

class PrivateStreams : public testing::Test {
 protected:
  StreamPtr secured(StreamPtr raw, std::uint8_t key = 1) {
    return make_private_stream(env_, std::move(raw), key_of(key), greeting);
  }
  // Nobody else's: what is on the wire can be seen.
  StreamPtr counted(StreamPtr raw) { return std::make_unique<CountingStream>(std::move(raw), counts_); }
  std::string text_from(Stream& stream) {
    const auto got = runtime_.run(receive(stream));
    return got ? std::string(as_text(*got)) : got.error().to_string();
  }
  Result<> say(Stream& stream, std::string_view text) { return runtime_.run(send(stream, to_bytes(text))); }
  // One side as it is on the wire: the nonce, and `text` under key and nonce.
  static Bytes spoken(std::string_view text, std::uint8_t key, BytesView nonce) {
    Bytes wire = to_bytes(nonce);
    Bytes data = to_bytes(text);
    XSalsa20(key_of(key), nonce.first<nonce_bytes>()).apply(data);
    append(wire, data);
    return wire;
  }

  VirtualRuntime runtime_;
  Env env_ = runtime_.env();
  std::pair<StreamPtr, StreamPtr> ends_ = make_memory_stream_pair(env_);
  CountingStream::Counts counts_;
  TaskGroup tasks_{env_};
};

TEST_F(PrivateStreams, CarryWhatIsSaidBothWays) {
  const StreamPtr a = secured(std::move(ends_.first));
  const StreamPtr b = secured(std::move(ends_.second));
  ASSERT_TRUE(say(*a, greeting + "hello"));
  EXPECT_EQ(text_from(*b), greeting + "hello");
  ASSERT_TRUE(say(*b, greeting));
  ASSERT_TRUE(say(*b, "world"));
  Bytes got(greeting.size() + 5);
  ASSERT_TRUE(runtime_.run(read_exact(*a, got)));
  EXPECT_EQ(as_text(got), greeting + "world");
  ASSERT_TRUE(runtime_.run(a->close_write()));
  EXPECT_EQ(text_from(*b), "");
}

TEST_F(PrivateStreams, WriteAsTheSpecificationSays) {
  const StreamPtr a = secured(std::move(ends_.first));
  ASSERT_TRUE(say(*a, greeting));
  const Bytes wire = *runtime_.run(receive(*ends_.second));
  ASSERT_EQ(wire.size(), nonce_bytes + greeting.size());
  EXPECT_EQ(wire, spoken(greeting, 1, BytesView(wire).first(nonce_bytes)));
}

// The bytes of another implementation: the zero key that go-libp2p tests with, nonce 100 to 123.
TEST_F(PrivateStreams, ReadWhatOthersWrite) {
  Bytes wire(nonce_bytes);
  for (std::size_t i = 0; i < wire.size(); ++i) wire[i] = static_cast<std::uint8_t>(100 + i);
  append(wire, from_hex("09f32d59214658cc070ae4842a7ba44812d23b75").value());
  const StreamPtr a = secured(std::move(ends_.first), 0);
  ASSERT_TRUE(runtime_.run(send(*ends_.second, wire)));
  EXPECT_EQ(text_from(*a), greeting);
}

TEST_F(PrivateStreams, TheNonceGoesOutWithTheFirstBytes) {
  const StreamPtr a = secured(counted(std::move(ends_.first)));
  runtime_.run_for(std::chrono::seconds(1));
  EXPECT_TRUE(counts_.writes.empty());
  ASSERT_TRUE(say(*a, greeting));
  ASSERT_TRUE(say(*a, "more"));
  EXPECT_EQ(counts_.writes, std::vector<std::size_t>({nonce_bytes + greeting.size(), 4}));
}

// Some implementations say nothing before they have our nonce.
TEST_F(PrivateStreams, AReaderSendsItsNonceFirst) {
  const StreamPtr a = secured(counted(std::move(ends_.first)));
  std::optional<Result<Bytes>> got;
  tasks_.spawn("reader", keep(receive(*a), got));
  runtime_.run_ready();
  EXPECT_EQ(counts_.writes, std::vector<std::size_t>{nonce_bytes});
  ASSERT_TRUE(say(*a, greeting));
  EXPECT_EQ(counts_.writes, std::vector<std::size_t>({nonce_bytes, greeting.size()}));
  const Bytes wire = *runtime_.run(receive(*ends_.second));
  EXPECT_EQ(wire, spoken(greeting, 1, BytesView(wire).first(nonce_bytes)));
  ASSERT_TRUE(runtime_.run(send(*ends_.second, spoken(greeting, 1, Bytes(nonce_bytes, 9)))));
  runtime_.run(tasks_.join());
  EXPECT_EQ(as_text(**got), greeting);
}

TEST_F(PrivateStreams, ComeInPiecesOfAnySize) {
  const StreamPtr a = secured(std::move(ends_.first));
  std::optional<Result<>> read;
  Bytes got(greeting.size() + 5);
  tasks_.spawn("reader", keep(read_exact(*a, got), read));
  for (const std::uint8_t byte : spoken(greeting + "hello", 1, Bytes(nonce_bytes, 9))) {
    ASSERT_TRUE(runtime_.run(send(*ends_.second, {byte})));
    runtime_.run_ready();
  }
  ASSERT_TRUE(read.has_value() && *read);
  EXPECT_EQ(as_text(got), greeting + "hello");
}

TEST_F(PrivateStreams, LargeWritesGoInChunksAndArriveWhole) {
  Bytes data = to_bytes(greeting);
  for (std::size_t i = 0; i < 1'000'000; ++i) data.push_back(static_cast<std::uint8_t>(i * i >> 3));
  const StreamPtr a = secured(counted(std::move(ends_.first)));
  const StreamPtr b = secured(std::move(ends_.second));
  std::optional<Result<>> written;
  tasks_.spawn("writer", keep(send(*a, data), written));
  Bytes got(data.size());
  ASSERT_TRUE(runtime_.run(read_exact(*b, got)));
  runtime_.run(tasks_.join());
  EXPECT_TRUE(got == data);
  EXPECT_EQ(*std::ranges::max_element(counts_.writes), 64UZ * 1024);
}

TEST_F(PrivateStreams, AnotherKeyIsNoticedAtTheFirstBytes) {
  const StreamPtr a = secured(std::move(ends_.first), 1);
  const StreamPtr b = secured(counted(std::move(ends_.second)), 2);
  ASSERT_TRUE(say(*a, greeting));
  const std::string said = text_from(*b);
  EXPECT_NE(said.find("another pre-shared key, or none"), std::string::npos) << said;
  EXPECT_EQ(text_from(*b), said);
  EXPECT_TRUE(counts_.reset);
  EXPECT_EQ(runtime_.now().time_since_epoch(), VirtualRuntime().now().time_since_epoch());
  // The other side of it: cut off without a word.
  const std::string other = text_from(*a);
  EXPECT_NE(other.find("it may have another pre-shared key, or none"), std::string::npos) << other;
}

TEST_F(PrivateStreams, AKeyThatMatchesByChanceAtFirstIsNoticedLater) {
  const StreamPtr a = secured(std::move(ends_.first));
  std::string wrong = greeting;
  wrong.back() = '!';
  ASSERT_TRUE(runtime_.run(send(*ends_.second, spoken(wrong, 1, Bytes(nonce_bytes, 9)))));
  EXPECT_EQ(runtime_.run(receive(*a)).error().code, Errc::crypto);
}

TEST_F(PrivateStreams, WhoSpeaksInTheClearIsToldApart) {
  const StreamPtr a = secured(std::move(ends_.first));
  // No more than this comes from a side that waits for an answer.
  ASSERT_TRUE(say(*ends_.second, greeting));
  const std::string said = text_from(*a);
  EXPECT_NE(said.find("speaks in the clear: it has no pre-shared key"), std::string::npos) << said;
}

TEST_F(PrivateStreams, AnEndInTheNonceIsAnError) {
  const StreamPtr a = secured(std::move(ends_.first));
  ASSERT_TRUE(say(*ends_.second, "short"));
  ASSERT_TRUE(runtime_.run(ends_.second->close_write()));
  const auto got = runtime_.run(receive(*a));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::closed);
}

TEST_F(PrivateStreams, ACancelledReadLosesNothing) {
  const StreamPtr a = secured(std::move(ends_.first));
  const Bytes wire = spoken(greeting, 1, Bytes(nonce_bytes, 9));
  ASSERT_TRUE(runtime_.run(send(*ends_.second, to_bytes(BytesView(wire).first(10)))));
  {
    std::optional<Result<Bytes>> got;
    TaskGroup cancelled(env_);
    cancelled.spawn("reader", keep(receive(*a), got));
    runtime_.run_ready();
    runtime_.run(cancelled.stop());
    EXPECT_FALSE(got);
  }
  ASSERT_TRUE(runtime_.run(send(*ends_.second, to_bytes(BytesView(wire).subspan(10)))));
  EXPECT_EQ(text_from(*a), greeting);
}

TEST_F(PrivateStreams, NothingFollowsAWriteThatWasCutOff) {
  auto [near, far] = make_memory_stream_pair(env_, 10);
  const StreamPtr a = secured(std::move(near));
  {
    std::optional<Result<>> written;
    TaskGroup cancelled(env_);
    cancelled.spawn("writer", keep(send(*a, to_bytes(greeting)), written));
    runtime_.run_ready();
    runtime_.run(cancelled.stop());
    EXPECT_FALSE(written);
  }
  EXPECT_EQ(say(*a, "more").error().code, Errc::reset);
}

TEST_F(PrivateStreams, EachConnectionHasItsOwnNonces) {
  auto [other_near, other_far] = make_memory_stream_pair(env_);
  const StreamPtr a = secured(std::move(ends_.first));
  const StreamPtr b = secured(std::move(other_near));
  ASSERT_TRUE(say(*a, greeting));
  ASSERT_TRUE(say(*b, greeting));
  EXPECT_NE(text_from(*ends_.second), text_from(*other_far));
}

}  // namespace
}  // namespace libp2p::pnet
