#include "libp2p/yamux/window.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/rate_limit.hpp"
#include "libp2p/yamux/round_trip.hpp"

namespace libp2p::yamux {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t max_window = 16U << 20;
constexpr std::size_t budget_bytes = 32U << 20;

Instant at(Duration since_start) { return Instant(since_start); }

TEST(YamuxSendWindow, BeginsAt256KiBAndRefusesASumBeyond32Bits) {
  SendWindow window;
  EXPECT_EQ(window.available(), 262144U);
  window.spend(262144);
  EXPECT_EQ(window.available(), 0U);
  EXPECT_TRUE(window.grow(0xffffffff));
  EXPECT_FALSE(window.grow(1));
  EXPECT_EQ(window.available(), 0xffffffffU);
}

// Memory that others draw from, too.
struct Pool final : MemoryBudget {
  explicit Pool(std::size_t bytes) : left(bytes) {}
  bool try_take(std::size_t bytes) noexcept override {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  }
  void give_back(std::size_t bytes) noexcept override { left += bytes; }
  [[nodiscard]] Error refusal() const override { return {Errc::limit, "the pool is empty (a.key)"}; }
  std::size_t left;
};

constexpr std::size_t kib = 1024;

TEST(YamuxSharedMemory, WhatEveryConnectionHasIsNotDrawn) {
  const auto pool = std::make_shared<Pool>(0);
  Budget budget(budget_bytes);
  budget.draw_from(pool);
  budget.take(256 * kib);  // the protocol's gift
  EXPECT_EQ(budget.admit(0, 64 * kib), 64 * kib);
  EXPECT_EQ(budget.admit(64 * kib, 1000), 0U);
  EXPECT_TRUE(budget.refused());
  EXPECT_EQ(budget.why_full(), "limit reached: the pool is empty (a.key)");
  EXPECT_FALSE(budget.try_take(256 * kib));
  EXPECT_EQ(budget.taken(), 256 * kib);
}

TEST(YamuxSharedMemory, IsTheGrowthOrWhatIsUnreadWhicheverIsMore) {
  const auto pool = std::make_shared<Pool>(1024 * kib);
  {
    Budget budget(budget_bytes);
    budget.draw_from(pool);
    EXPECT_TRUE(budget.try_take(512 * kib));
    EXPECT_EQ(pool->left, (1024 - 512 + 64) * kib);
    EXPECT_EQ(budget.admit(0, 512 * kib), 512 * kib);  // the growth was for these
    EXPECT_EQ(pool->left, (1024 - 512 + 64) * kib);
    EXPECT_EQ(budget.admit(512 * kib, 512 * kib), 512 * kib);
    EXPECT_EQ(pool->left, 64 * kib);
    EXPECT_FALSE(budget.try_take(1024 * kib));
    budget.settle(100 * kib);
    EXPECT_EQ(pool->left, (1024 - 512 + 64) * kib);
    budget.give_back(0, 512 * kib);
    EXPECT_EQ(pool->left, (1024 - 36) * kib);
    budget.settle(0);
    EXPECT_EQ(pool->left, 1024 * kib);
    EXPECT_EQ(budget.admit(0, 300 * kib), 300 * kib);
  }
  EXPECT_EQ(pool->left, 1024 * kib);
}

TEST(YamuxSharedMemory, OfWhatIsLeftAPartIsTaken) {
  Budget budget(budget_bytes);
  budget.draw_from(std::make_shared<Pool>(100 * kib));
  EXPECT_EQ(budget.admit(0, 256 * kib), 128 * kib);
  EXPECT_EQ(budget.admit(128 * kib, 256 * kib), 32 * kib);
}

TEST(YamuxSharedMemory, IsAskedSeldomForAStreamThatIsReadAsItArrives) {
  struct Counting final : MemoryBudget {
    bool try_take(std::size_t) noexcept override { return ++asked > 0; }
    void give_back(std::size_t) noexcept override {}
    [[nodiscard]] Error refusal() const override { return {}; }
    int asked = 0;
  };
  const auto counting = std::make_shared<Counting>();
  Budget budget(budget_bytes);
  budget.draw_from(counting);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(budget.admit(100 * kib, 1400), 1400U);
    budget.settle(100 * kib);
  }
  EXPECT_LE(counting->asked, 2);
}

class YamuxReceiveWindow : public testing::Test {
 protected:
  // The other side uses up all it may, and all is read.
  std::uint32_t use_up(ReceiveWindow& window, Instant now, std::optional<Duration> rtt) {
    window.spend(window.credit());
    return window.update(0, now, rtt, budget);
  }
  Budget budget{budget_bytes};
};

TEST_F(YamuxReceiveWindow, AllowsWhatItAnnouncedAndNotAByteMore) {
  ReceiveWindow window(budget, max_window, at({}));
  EXPECT_TRUE(window.allows(262144));
  EXPECT_FALSE(window.allows(262145));
  window.spend(1);
  EXPECT_FALSE(window.allows(262144));
}

TEST_F(YamuxReceiveWindow, OwesAnUpdateOnceHalfOfItWasRead) {
  ReceiveWindow window(budget, max_window, at({}));
  window.spend(131072);
  EXPECT_FALSE(window.update_due(1));
  EXPECT_TRUE(window.update_due(0));
  EXPECT_EQ(window.update(0, at(seconds(10)), std::nullopt, budget), 131072U);
  EXPECT_EQ(window.credit(), 262144U);
}

TEST_F(YamuxReceiveWindow, NeverCountsWhatIsUnreadAsRoom) {
  ReceiveWindow window(budget, max_window, at({}));
  window.spend(262144);
  EXPECT_FALSE(window.update_due(262144));
  EXPECT_EQ(window.update(100000, at(seconds(10)), std::nullopt, budget), 162144U);
}

TEST_F(YamuxReceiveWindow, DoublesWhenUsedUpWithinFourRoundTripsUntilTheMaximum) {
  ReceiveWindow window(budget, max_window, at({}));
  Instant now = at({});
  for (const std::uint32_t expected : {512U, 1024U, 2048U, 4096U, 8192U, 16384U, 16384U}) {
    now += milliseconds(100);
    EXPECT_GT(use_up(window, now, milliseconds(50)), 0U);
    EXPECT_EQ(window.size(), expected * 1024);
  }
  EXPECT_EQ(budget.taken(), max_window);
}

TEST_F(YamuxReceiveWindow, StaysWhenUsedSlowly) {
  ReceiveWindow window(budget, max_window, at({}));
  EXPECT_GT(use_up(window, at(milliseconds(200)), milliseconds(50)), 0U);
  EXPECT_EQ(window.size(), initial_window_bytes);
}

TEST_F(YamuxReceiveWindow, StaysWhileTheRoundTripIsUnknown) {
  ReceiveWindow window(budget, max_window, at({}));
  EXPECT_GT(use_up(window, at(milliseconds(1)), std::nullopt), 0U);
  EXPECT_EQ(window.size(), initial_window_bytes);
}

TEST_F(YamuxReceiveWindow, GrowsOnlyByWhatTheBudgetGrants) {
  Budget small(1024 * 1024);
  ReceiveWindow window(small, max_window, at({}));
  for (int i = 1; i < 10; ++i) {
    window.spend(window.credit());
    (void)window.update(0, at(milliseconds(i)), milliseconds(50), small);
  }
  EXPECT_EQ(window.size(), 1024U * 1024);
  EXPECT_EQ(small.taken(), 1024U * 1024);
}

TEST_F(YamuxReceiveWindow, GrowsOnlyByWhatTheSharedMemoryGrants) {
  const auto pool = std::make_shared<Pool>(700 * kib);
  budget.draw_from(pool);
  ReceiveWindow window(budget, max_window, at({}));
  for (int i = 1; i < 10; ++i) use_up(window, at(milliseconds(i)), milliseconds(50));
  EXPECT_EQ(window.size(), 512U * kib);
  pool->left += 512 * kib;
  for (int i = 1; i < 10; ++i) use_up(window, at(milliseconds(10 + i)), milliseconds(50));
  EXPECT_EQ(window.size(), 1024U * kib);
  window.release(budget);
  EXPECT_EQ(pool->left, (700 + 512) * kib);
}

TEST_F(YamuxReceiveWindow, GivesWayWhenLaterStreamsHaveOverdrawnTheBudget) {
  ReceiveWindow window(budget, max_window, at({}));
  for (int i = 1; i < 10; ++i) use_up(window, at(milliseconds(i)), milliseconds(50));
  ASSERT_EQ(window.size(), max_window);
  budget.take(budget_bytes);
  EXPECT_EQ(use_up(window, at(milliseconds(20)), milliseconds(50)), max_window / 2);
  EXPECT_EQ(window.size(), max_window / 2);
  for (int i = 1; i < 10; ++i) use_up(window, at(milliseconds(20 + i)), milliseconds(50));
  EXPECT_EQ(window.size(), initial_window_bytes);
}

TEST_F(YamuxReceiveWindow, AShrunkenWindowAnnouncesNothingBeforeItsCreditIsSpent) {
  ReceiveWindow window(budget, max_window, at({}));
  for (int i = 1; i < 10; ++i) use_up(window, at(milliseconds(i)), milliseconds(50));
  budget.take(budget_bytes);
  window.spend(max_window / 2 - 1);
  EXPECT_EQ(window.update(0, at(milliseconds(20)), milliseconds(50), budget), 0U);
  EXPECT_EQ(window.credit(), max_window / 2 + 1);
}

TEST_F(YamuxReceiveWindow, GivesItsShareBackOnRelease) {
  ReceiveWindow window(budget, max_window, at({}));
  use_up(window, at(milliseconds(1)), milliseconds(50));
  EXPECT_GT(budget.taken(), 0U);
  window.release(budget);
  EXPECT_EQ(budget.taken(), 0U);
}

TEST(YamuxRateLimit, AllowsSoManyInAnyStretchOfTime) {
  RateLimit limit(3, seconds(10));
  EXPECT_TRUE(limit.take(at(seconds(0))));
  EXPECT_TRUE(limit.take(at(seconds(4))));
  EXPECT_TRUE(limit.take(at(seconds(9))));
  EXPECT_FALSE(limit.take(at(milliseconds(9999))));
  EXPECT_EQ(limit.next(at(milliseconds(9999))), at(seconds(10)));
  EXPECT_TRUE(limit.take(at(seconds(10))));
  EXPECT_FALSE(limit.take(at(seconds(13))));
  EXPECT_TRUE(limit.take(at(seconds(14))));
}

TEST(YamuxRoundTrip, MeasuresFromSendingAndKeepsTheLeastOfTheLastEight) {
  RoundTrip trip;
  EXPECT_FALSE(trip.least());
  Instant now = at(seconds(1));
  const auto ping = [&](Duration took) {
    trip.request();
    EXPECT_TRUE(trip.due());
    now += seconds(1);
    const std::uint32_t value = trip.send(now);
    EXPECT_TRUE(trip.under_way());
    EXPECT_FALSE(trip.answer(value + 1, now));
    now += took;
    EXPECT_TRUE(trip.answer(value, now));
    EXPECT_FALSE(trip.answer(value, now));
  };
  ping(milliseconds(30));
  for (int i = 0; i < 7; ++i) ping(milliseconds(50 + i));
  EXPECT_EQ(trip.least(), milliseconds(30));
  EXPECT_EQ(trip.latest(), milliseconds(56));
  ping(milliseconds(60));
  EXPECT_EQ(trip.least(), milliseconds(50));
  EXPECT_EQ(trip.answers(), 9U);
}

}  // namespace
}  // namespace libp2p::yamux
