#include "libp2p/security/noise/transport_stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "tests/support/streams.hpp"

namespace libp2p::noise {
namespace {

using std::chrono::seconds;
using test::CountingStream;
using test::keep;
using test::receive;
using test::send;

constexpr std::size_t frame_overhead = 2 + CipherState::tag_size;

TransportCiphers ciphers(bool first, std::uint64_t nonce = 0) {
  const Bytes there(32, 1);
  const Bytes back(32, 2);
  const std::span<const std::uint8_t, 32> key(first ? there : back);
  const std::span<const std::uint8_t, 32> other(first ? back : there);
  return {CipherState(key, nonce), CipherState(other, nonce)};
}

Bytes pattern(std::size_t size, std::uint64_t seed = 1) { return SeededRandom(seed).bytes(size); }

// Frames as the first side would send them.
class Frames {
 public:
  Frames& add(BytesView plaintext) {
    Bytes frame(plaintext.size() + frame_overhead);
    store_be(static_cast<std::uint16_t>(frame.size() - 2), frame.data());
    EXPECT_TRUE(ciphers_.send.seal({}, plaintext, MutableBytes(frame).subspan(2)));
    append(bytes, frame);
    return *this;
  }
  Bytes bytes;

 private:
  TransportCiphers ciphers_ = ciphers(true);
};

class NoiseTransport : public testing::Test {
 protected:
  static constexpr std::size_t capacity = 1024 * 1024;

  // `wire` is the other end of what `secured` was made over; nothing encrypts there.
  void arrive(BytesView bytes) { ASSERT_TRUE(runtime_.run(send(*wire_, to_bytes(bytes)))); }
  Errc read_error(std::size_t at_most = 4096) {
    const auto got = runtime_.run(receive(*secured_, at_most));
    EXPECT_FALSE(got) << got->size() << " bytes";
    return got ? Errc{} : got.error().code;
  }
  Bytes read(std::size_t at_most = 4096) {
    auto got = runtime_.run(receive(*secured_, at_most));
    EXPECT_TRUE(got) << got.error().to_string();
    return got ? *got : Bytes();
  }
  void secure(TransportCiphers keys) {
    secured_.reset();
    auto [near, far] = make_memory_stream_pair(runtime_.env(), capacity);
    counts_ = {};
    secured_ =
        make_transport_stream(std::make_unique<CountingStream>(std::move(near), counts_), std::move(keys));
    wire_ = std::move(far);
  }
  void SetUp() override { secure(ciphers(false)); }

  VirtualRuntime runtime_;
  CountingStream::Counts counts_;
  StreamPtr secured_;
  StreamPtr wire_;
  TaskGroup tasks_{runtime_.env()};
};

TEST_F(NoiseTransport, AWriteBecomesAFrameOfTwoBytesOfLengthTheCiphertextAndATag) {
  secure(ciphers(true));
  ASSERT_TRUE(runtime_.run(send(*secured_, to_bytes("hello"))));
  EXPECT_EQ(runtime_.run(receive(*wire_)).value(), Frames().add(as_bytes("hello")).bytes);
}

TEST_F(NoiseTransport, SplitsAtTheLargestFrame) {
  secure(ciphers(true));
  const Bytes data = pattern(max_frame_plaintext + 1);
  ASSERT_TRUE(runtime_.run(send(*secured_, data)));
  const Bytes expected = Frames()
                             .add(BytesView(data).first(max_frame_plaintext))
                             .add(BytesView(data).subspan(max_frame_plaintext))
                             .bytes;
  EXPECT_EQ(load_be<std::uint16_t>(expected.data()), 65535);
  EXPECT_EQ(runtime_.run(receive(*wire_, capacity)).value(), expected);
}

TEST_F(NoiseTransport, SeveralFramesGoDownInOneWrite) {
  secure(ciphers(true));
  ASSERT_TRUE(runtime_.run(send(*secured_, Bytes(5 * max_frame_plaintext))));
  EXPECT_EQ(counts_.writes, std::vector<std::size_t>({4 * std::size_t{65537}, 65537}));
}

TEST_F(NoiseTransport, AnEmptyWriteSendsNothing) {
  ASSERT_TRUE(runtime_.run(send(*secured_, {})));
  EXPECT_TRUE(counts_.writes.empty());
}

TEST_F(NoiseTransport, ReadsAFrameInAsManyPiecesAsTheReaderLikes) {
  const Bytes data = pattern(1000);
  for (const std::size_t step : {1U, 7U, 999U, 1000U, 1001U}) {
    secure(ciphers(false));
    arrive(Frames().add(data).bytes);
    Bytes got;
    while (got.size() < data.size()) append(got, read(step));
    EXPECT_EQ(got, data);
  }
}

TEST_F(NoiseTransport, OneReadTakesAllWholeFramesThatFit) {
  arrive(Frames().add(pattern(10)).add(pattern(20)).add(pattern(30)).add(pattern(40)).bytes);
  EXPECT_EQ(read(65).size(), 60U);
  EXPECT_EQ(read(65).size(), 40U);
}

TEST_F(NoiseTransport, ReadsFramesHoweverTheyAreCut) {
  const Bytes frames = Frames().add(pattern(100)).add({}).add(pattern(200, 2)).bytes;
  Bytes expected = pattern(100);
  append(expected, pattern(200, 2));
  for (const std::size_t step : {1U, 2U, 3U, 117U, 118U, 119U}) {
    secure(ciphers(false));
    std::optional<Result<Bytes>> all;
    tasks_.spawn("reader", keep(read_to_end(*secured_, 1000), all));
    for (std::size_t at = 0; at < frames.size(); at += step) {
      arrive(BytesView(frames).subspan(at, std::min(step, frames.size() - at)));
      runtime_.run_ready();
    }
    ASSERT_TRUE(runtime_.run(wire_->close_write()));
    runtime_.run(tasks_.join());
    EXPECT_EQ(all->value(), expected);
  }
}

TEST_F(NoiseTransport, EmptyFramesAreNotAnEnd) {
  arrive(Frames().add({}).add({}).add(as_bytes("x")).bytes);
  EXPECT_EQ(read(), to_bytes("x"));
}

TEST_F(NoiseTransport, AnEndBetweenTwoFramesIsAnEnd) {
  arrive(Frames().add(as_bytes("x")).bytes);
  ASSERT_TRUE(runtime_.run(wire_->close_write()));
  EXPECT_EQ(read(), to_bytes("x"));
  EXPECT_EQ(read(), Bytes());
  EXPECT_EQ(read(), Bytes());
  EXPECT_TRUE(runtime_.run(send(*secured_, to_bytes("still")))) << "a half-closed stream still writes";
}

TEST_F(NoiseTransport, AnEndInTheMiddleOfAFrameIsAnErrorAtEveryOffset) {
  const Bytes whole = Frames().add(as_bytes("first")).bytes;
  const Bytes frames = Frames().add(as_bytes("first")).add(as_bytes("second")).bytes;
  for (std::size_t cut = whole.size() + 1; cut < frames.size(); ++cut) {
    secure(ciphers(false));
    arrive(BytesView(frames).first(cut));
    ASSERT_TRUE(runtime_.run(wire_->close_write()));
    EXPECT_EQ(read(), to_bytes("first"));
    EXPECT_EQ(read_error(), Errc::reset);
    EXPECT_EQ(read_error(), Errc::reset);
  }
}

TEST_F(NoiseTransport, WhatComesBeforeAForgedFrameIsDeliveredAndNothingAfterIt) {
  Bytes frames = Frames().add(as_bytes("good")).add(as_bytes("forged")).add(as_bytes("after")).bytes;
  frames[4 + frame_overhead + 2] ^= 1;
  arrive(frames);
  EXPECT_EQ(read(), to_bytes("good"));
  EXPECT_EQ(read_error(), Errc::crypto);
  EXPECT_EQ(read_error(), Errc::crypto);
  EXPECT_TRUE(counts_.reset);
}

TEST_F(NoiseTransport, AForgedFrameLeavesNothingInTheReadersBuffer) {
  const Bytes data(1000, 0x55);
  for (const std::size_t at_most : {std::size_t{1000}, std::size_t{10}}) {
    secure(ciphers(false));
    Bytes frames = Frames().add(data).bytes;
    frames.back() ^= 1;
    arrive(frames);
    Bytes out(at_most, 0xee);
    ASSERT_FALSE(runtime_.run(secured_->read_some(out)));
    EXPECT_TRUE(std::ranges::none_of(out, [](std::uint8_t byte) { return byte == 0x55; }));
  }
}

TEST_F(NoiseTransport, AFrameShorterThanATagBreaksTheProtocol) {
  arrive(Bytes{0x00, 0x0f});
  arrive(Bytes(15));
  EXPECT_EQ(read_error(), Errc::protocol);
}

TEST_F(NoiseTransport, SpentNoncesEndTheStream) {
  const std::uint64_t last = std::numeric_limits<std::uint64_t>::max() - 1;
  secure(ciphers(true, last));
  ASSERT_TRUE(runtime_.run(send(*secured_, to_bytes("last"))));
  EXPECT_EQ(runtime_.run(send(*secured_, to_bytes("one more"))).error().code, Errc::limit);
  EXPECT_TRUE(counts_.reset);
}

TEST_F(NoiseTransport, AfterAWriteThatWasCutOffNothingIsWritten) {
  std::optional<Result<>> written;
  TaskGroup writers(runtime_.env());
  writers.spawn("writer", keep(send(*secured_, Bytes(2 * capacity)), written));
  runtime_.run_ready();
  runtime_.run(writers.stop());
  EXPECT_FALSE(written);
  EXPECT_EQ(runtime_.run(send(*secured_, to_bytes("more"))).error().code, Errc::reset);
}

TEST_F(NoiseTransport, ACancelledReadLosesNothing) {
  const Bytes frames = Frames().add(as_bytes("hello")).bytes;
  arrive(BytesView(frames).first(5));
  const auto late = runtime_.run(with_timeout(runtime_.env(), seconds(1), "reading", receive(*secured_)));
  EXPECT_EQ(late.error().code, Errc::timeout);
  arrive(BytesView(frames).subspan(5));
  EXPECT_EQ(read(), to_bytes("hello"));
}

Task<> write_pieces(Stream& stream, Bytes data, std::uint64_t seed) {
  SeededRandom random(seed);
  for (std::size_t at = 0; at < data.size();) {
    const std::size_t most = random.below(2) == 0 ? 2000 : 400'000;
    const std::size_t size = std::min<std::size_t>(data.size() - at, 1 + random.below(most));
    const auto written = co_await stream.write(BytesView(data).subspan(at, size));
    EXPECT_TRUE(written);
    at += size;
  }
  (void)co_await stream.close_write();
}

Task<> read_pieces(Stream& stream, Bytes& all, std::uint64_t seed) {
  SeededRandom random(seed);
  Bytes piece;
  for (;;) {
    piece.resize(1 + random.below(random.below(2) == 0 ? 100 : 300'000));
    const auto got = co_await stream.read_some(piece);
    EXPECT_TRUE(got) << got.error().to_string();
    if (!got || *got == 0) co_return;
    append(all, BytesView(piece).first(*got));
  }
}

TEST_F(NoiseTransport, CarriesAnyMixOfSizesBothWaysAtOnce) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    auto [a, b] = make_memory_stream_pair(runtime_.env(), 100'000);
    const StreamPtr left = make_transport_stream(std::move(a), ciphers(true));
    const StreamPtr right = make_transport_stream(std::move(b), ciphers(false));
    const Bytes there = pattern(3'000'000, seed);
    const Bytes back = pattern(2'000'000, seed + 100);
    Bytes at_right;
    Bytes at_left;
    tasks_.spawn("there", write_pieces(*left, there, seed));
    tasks_.spawn("back", write_pieces(*right, back, seed + 1));
    tasks_.spawn("at right", read_pieces(*right, at_right, seed + 2));
    tasks_.spawn("at left", read_pieces(*left, at_left, seed + 3));
    runtime_.run(tasks_.join());
    EXPECT_TRUE(at_right == there);
    EXPECT_TRUE(at_left == back);
  }
}

// Shows how much room a read offers: that is the size of the buffer behind it.
class RoomStream final : public Stream {
 public:
  RoomStream(StreamPtr stream, std::size_t& room) : stream_(std::move(stream)), room_(room) {}
  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    room_ = out.size();
    return stream_->read_some(out);
  }
  Task<Result<>> write(BytesView data) override { return stream_->write(data); }
  Task<Result<>> close_write() override { return stream_->close_write(); }
  void reset() override { stream_->reset(); }

 private:
  StreamPtr stream_;
  std::size_t& room_;
};

TEST_F(NoiseTransport, TheBufferGrowsUnderLoadAndShrinksInQuiet) {
  std::size_t room = 0;
  auto [near, far] = make_memory_stream_pair(runtime_.env(), 4 * capacity);
  secured_ = make_transport_stream(std::make_unique<RoomStream>(std::move(near), room), ciphers(false));
  const StreamPtr sender = make_transport_stream(std::move(far), ciphers(true));

  ASSERT_TRUE(runtime_.run(send(*sender, to_bytes("small"))));
  EXPECT_EQ(read().size(), 5U);
  EXPECT_EQ(room, 4096U);
  ASSERT_TRUE(runtime_.run(send(*sender, Bytes(2 * capacity))));
  std::size_t most = 0;
  for (std::size_t got = 0; got < 2 * capacity; most = std::max(most, room)) got += read(capacity).size();
  EXPECT_EQ(most, 4 * std::size_t{65537});
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(runtime_.run(send(*sender, to_bytes("small"))));
    EXPECT_EQ(read().size(), 5U);
  }
  EXPECT_EQ(room, 4096U);
}

}  // namespace
}  // namespace libp2p::noise
