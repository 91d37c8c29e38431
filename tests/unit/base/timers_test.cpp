#include "libp2p/base/timers.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace libp2p {
namespace {

Instant at(int seconds) { return Instant(std::chrono::seconds(seconds)); }

class TimerQueueTest : public testing::Test {
 protected:
  Timers::Id add(int seconds, int note) {
    return queue_.add(at(seconds), [this, note] { notes_.push_back(note); });
  }
  void run_until(int seconds) {
    while (auto callback = queue_.pop_due(at(seconds))) (*callback)();
  }

  TimerQueue queue_;
  std::vector<int> notes_;
};

TEST_F(TimerQueueTest, FiresInOrderOfDeadlineThenOfScheduling) {
  add(2, 20);
  add(1, 10);
  add(2, 21);
  add(1, 11);
  EXPECT_EQ(queue_.next_deadline(), at(1));
  run_until(5);
  EXPECT_EQ(notes_, (std::vector<int>{10, 11, 20, 21}));
  EXPECT_EQ(queue_.next_deadline(), std::nullopt);
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(TimerQueueTest, FiresNothingBeforeItsDeadline) {
  add(2, 1);
  run_until(1);
  EXPECT_TRUE(notes_.empty());
  run_until(2);
  EXPECT_EQ(notes_, std::vector<int>{1});
}

TEST_F(TimerQueueTest, CancelsOnceAndIgnoresWhatIsGone) {
  const auto first = add(1, 1);
  const auto second = add(1, 2);
  EXPECT_NE(first, 0U);
  EXPECT_NE(first, second);
  queue_.cancel(first);
  queue_.cancel(first);
  queue_.cancel(0);
  queue_.cancel(12345);
  run_until(1);
  EXPECT_EQ(notes_, std::vector<int>{2});
  queue_.cancel(second);
}

TEST_F(TimerQueueTest, LetsACallbackScheduleAndCancel) {
  const auto victim = add(3, 99);
  queue_.add(at(1), [&] {
    notes_.push_back(1);
    queue_.cancel(victim);
    add(2, 2);
  });
  run_until(5);
  EXPECT_EQ(notes_, (std::vector<int>{1, 2}));
}

// Cancels a timer of the same queue while it is itself destroyed by a cancel.
struct CancelsWhenGone {
  TimerQueue* queue;
  Timers::Id other;
  ~CancelsWhenGone() { queue->cancel(other); }
};

TEST_F(TimerQueueTest, MayBeEnteredAgainWhileACancelledCallbackDies) {
  const auto other = add(1, 1);
  auto owned = std::make_shared<CancelsWhenGone>(&queue_, other);
  const auto id = queue_.add(at(1), [owned] {});
  owned.reset();
  queue_.cancel(id);
  EXPECT_EQ(queue_.size(), 0U);
}

}  // namespace
}  // namespace libp2p
