#include "libp2p/io/memory_stream.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/framing.hpp"

namespace libp2p {
namespace {

using std::chrono::seconds;

Task<> write_and_note(Stream& stream, Bytes data, std::optional<Result<>>& outcome) {
  outcome = co_await stream.write(data);
}

Task<> read_and_note(Stream& stream, std::optional<Result<std::size_t>>& outcome) {
  std::array<std::uint8_t, 16> out{};
  outcome = co_await stream.read_some(out);
}

class MemoryPair : public testing::Test {
 protected:
  Bytes read(Stream& stream, std::size_t at_most = 1024) {
    Bytes out(at_most);
    const auto got = runtime_.run(stream.read_some(out));
    out.resize(got.value());
    return out;
  }

  VirtualRuntime runtime_;
  std::pair<StreamPtr, StreamPtr> ends_ = make_memory_stream_pair(runtime_.env(), 8);
  StreamPtr& a_ = ends_.first;
  StreamPtr& b_ = ends_.second;
  TaskGroup tasks_{runtime_.env()};
};

TEST_F(MemoryPair, CarriesBytesBothWays) {
  ASSERT_TRUE(runtime_.run(a_->write(Bytes{1, 2})));
  ASSERT_TRUE(runtime_.run(b_->write(Bytes{3})));
  EXPECT_EQ(read(*b_), Bytes({1, 2}));
  EXPECT_EQ(read(*a_), Bytes({3}));
}

TEST_F(MemoryPair, AWriterWaitsWhileTheBufferIsFull) {
  Bytes sent(100);
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::uint8_t>(i);
  std::optional<Result<>> written;
  tasks_.spawn("writer", write_and_note(*a_, sent, written));
  runtime_.run_ready();
  EXPECT_FALSE(written);
  Bytes got;
  for (std::size_t step = 1; got.size() < sent.size(); step = step % 5 + 1) append(got, read(*b_, step));
  runtime_.run(tasks_.join());
  EXPECT_TRUE(written && *written);
  EXPECT_EQ(got, sent);
}

TEST_F(MemoryPair, WhatWasWrittenBeforeTheCloseIsReadBeforeTheEnd) {
  ASSERT_TRUE(runtime_.run(a_->write(Bytes{1, 2})));
  ASSERT_TRUE(runtime_.run(a_->close_write()));
  EXPECT_EQ(runtime_.run(a_->write(Bytes{3})).error().code, Errc::closed);
  a_.reset();
  EXPECT_EQ(read(*b_), Bytes({1, 2}));
  EXPECT_EQ(read(*b_), Bytes());
}

TEST_F(MemoryPair, AHalfClosedStreamStillReads) {
  ASSERT_TRUE(runtime_.run(a_->close_write()));
  ASSERT_TRUE(runtime_.run(b_->write(Bytes{9})));
  EXPECT_EQ(read(*a_), Bytes({9}));
}

TEST_F(MemoryPair, DroppingOneEndResetsTheOther) {
  std::optional<Result<std::size_t>> waiting;
  tasks_.spawn("reader", read_and_note(*b_, waiting));
  runtime_.run_ready();
  a_.reset();
  runtime_.run(tasks_.join());
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->error().code, Errc::reset);
  EXPECT_EQ(runtime_.run(b_->write(Bytes{1})).error().code, Errc::reset);
  EXPECT_EQ(runtime_.run(b_->close_write()).error().code, Errc::reset);
}

TEST_F(MemoryPair, ResetFailsWhatWaitsOnBothSides) {
  std::optional<Result<std::size_t>> reading;
  std::optional<Result<>> writing;
  tasks_.spawn("reader", read_and_note(*a_, reading));
  tasks_.spawn("writer", write_and_note(*a_, Bytes(100), writing));
  runtime_.run_ready();
  a_->reset();
  a_->reset();
  runtime_.run(tasks_.join());
  EXPECT_EQ(reading->error().code, Errc::reset);
  EXPECT_EQ(writing->error().code, Errc::reset);
}

Task<Result<std::size_t>> read_once(Stream& stream, MutableBytes out) {
  co_return co_await stream.read_some(out);
}

TEST_F(MemoryPair, ACancelledReadLosesNothing) {
  std::array<std::uint8_t, 4> out{};
  const auto late = runtime_.run(with_timeout(runtime_.env(), seconds(1), "reading", read_once(*b_, out)));
  EXPECT_EQ(late.error().code, Errc::timeout);
  ASSERT_TRUE(runtime_.run(a_->write(Bytes{1, 2, 3})));
  EXPECT_EQ(read(*b_), Bytes({1, 2, 3}));
}

Task<> pump(Stream& stream, std::size_t rounds) {
  const Bytes chunk(7, 1);
  for (std::size_t i = 0; i < rounds; ++i) {
    if (!co_await stream.write(chunk)) co_return;
  }
  (void)co_await stream.close_write();
}

TEST_F(MemoryPair, KeepsTheOrderOverManySmallWritesAndReads) {
  tasks_.spawn("pump", pump(*a_, 1000));
  EXPECT_EQ(runtime_.run(read_to_end(*b_, 7000)).value().size(), 7000U);
  runtime_.run(tasks_.join());
}

}  // namespace
}  // namespace libp2p
