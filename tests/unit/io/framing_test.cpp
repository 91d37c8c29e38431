#include "libp2p/io/framing.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/memory_stream.hpp"

namespace libp2p {
namespace {

class Framing : public testing::Test {
 protected:
  // Puts `bytes` on the way to `near_`, and ends the stream after them when told.
  void arrive(Bytes bytes, bool and_close = false) {
    ASSERT_TRUE(runtime_.run(far_->write(bytes)));
    if (and_close) {
      ASSERT_TRUE(runtime_.run(far_->close_write()));
    }
  }
  Bytes rest() {
    Bytes out(64);
    const auto got = runtime_.run(near_->read_some(out));
    out.resize(got ? *got : 0);
    return out;
  }

  VirtualRuntime runtime_;
  std::pair<StreamPtr, StreamPtr> ends_ = make_memory_stream_pair(runtime_.env());
  StreamPtr& near_ = ends_.first;
  StreamPtr& far_ = ends_.second;
};

TEST_F(Framing, ReadsExactlyWhatIsAskedFor) {
  arrive({1, 2, 3, 4, 5});
  std::array<std::uint8_t, 3> out{};
  ASSERT_TRUE(runtime_.run(read_exact(*near_, out)));
  EXPECT_EQ(out, (std::array<std::uint8_t, 3>{1, 2, 3}));
  EXPECT_EQ(rest(), Bytes({4, 5}));
}

TEST_F(Framing, TellsAnOrderlyEndFromOneInTheMiddleOfAMessage) {
  arrive({1, 2}, true);
  std::array<std::uint8_t, 3> out{};
  const auto cut = runtime_.run(read_exact(*near_, out));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Errc::protocol);
  const auto ended = runtime_.run(read_exact(*near_, out));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::closed);
}

TEST_F(Framing, ReadsAVarintAndNothingBeyondIt) {
  arrive({0xac, 0x02, 0x07});
  const auto value = runtime_.run(read_varint(*near_));
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 300U);
  EXPECT_EQ(rest(), Bytes({0x07}));
}

TEST_F(Framing, RefusesVarintsThatAreOverlongOrTooLarge) {
  arrive({0x80, 0x00});
  EXPECT_EQ(runtime_.run(read_varint(*near_)).error().code, Errc::parse);
  arrive(Bytes(10, 0xff));
  EXPECT_EQ(runtime_.run(read_varint(*near_)).error().code, Errc::parse);
}

TEST_F(Framing, AVarintThatIsCutShortIsAFaultOfTheOtherSide) {
  arrive({0x80}, true);
  EXPECT_EQ(runtime_.run(read_varint(*near_)).error().code, Errc::protocol);
}

TEST_F(Framing, AResetInTheMiddleOfAVarintStaysAReset) {
  arrive({0x80});
  TaskGroup tasks(runtime_.env());
  std::optional<Error> seen;
  tasks.spawn("reader", [](Stream& stream, std::optional<Error>& error) -> Task<> {
    const auto value = co_await read_varint(stream);
    if (!value) error = value.error();
  }(*near_, seen));
  runtime_.run_ready();
  far_->reset();
  runtime_.run(tasks.join());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->code, Errc::reset);
}

TEST_F(Framing, WritesAndReadsLengthPrefixedMessages) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 70'000U}) {
    const Bytes message(size, 0x5a);
    ASSERT_TRUE(runtime_.run(write_length_prefixed(*far_, message)));
    const auto got = runtime_.run(read_length_prefixed(*near_, 70'000));
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(*got, message);
  }
}

TEST_F(Framing, RefusesAMessageAboveTheLimitBeforeReadingIt) {
  arrive({0x05, 1, 2, 3, 4, 5});
  const auto got = runtime_.run(read_length_prefixed(*near_, 4));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::limit);
  EXPECT_EQ(rest(), Bytes({1, 2, 3, 4, 5}));
}

TEST_F(Framing, AMessageCutShortIsAFaultAtEveryOffset) {
  for (std::size_t cut = 1; cut < 6; ++cut) {
    auto [near, far] = make_memory_stream_pair(runtime_.env());
    const Bytes framed = {0x05, 1, 2, 3, 4, 5};
    ASSERT_TRUE(runtime_.run(far->write(BytesView(framed).first(cut))));
    ASSERT_TRUE(runtime_.run(far->close_write()));
    const auto got = runtime_.run(read_length_prefixed(*near, 100));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Errc::protocol) << cut;
  }
}

TEST_F(Framing, ReadsToTheEndWithinALimit) {
  arrive(Bytes(5000, 7), true);
  EXPECT_EQ(runtime_.run(read_to_end(*near_, 5000)).value(), Bytes(5000, 7));
}

TEST_F(Framing, ReadingToTheEndStopsAtTheLimit) {
  arrive(Bytes(5000, 7), true);
  EXPECT_EQ(runtime_.run(read_to_end(*near_, 4999)).error().code, Errc::limit);
}

TEST_F(Framing, ClosesGracefullyOnceTheOtherSideHasEnded) {
  arrive({1, 2, 3}, true);
  EXPECT_TRUE(runtime_.run(close_gracefully(*near_)));
  EXPECT_TRUE(rest().empty());
  std::array<std::uint8_t, 1> out{};
  EXPECT_EQ(runtime_.run(far_->read_some(out)).value(), 0U);
}

TEST_F(Framing, DoesNotDrainASenderForEver) {
  arrive(Bytes(4096, 1));
  const auto closed = runtime_.run(close_gracefully(*near_, 1000));
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, Errc::limit);
  EXPECT_EQ(runtime_.run(far_->write(Bytes{1})).error().code, Errc::reset);
}

}  // namespace
}  // namespace libp2p
