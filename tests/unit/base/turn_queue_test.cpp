#include "libp2p/base/turn_queue.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"

namespace libp2p {
namespace {

Task<> work(Env env, TurnQueue& queue, int number, int& working, std::vector<int>& order) {
  const auto turn = co_await queue.take();
  EXPECT_EQ(++working, 1);
  co_await sleep_for(env, std::chrono::milliseconds(10));
  --working;
  order.push_back(number);
}

TEST(TurnQueue, LetsOneInAtATimeInTheOrderOfComing) {
  VirtualRuntime runtime;
  TurnQueue queue(runtime.env().executor);
  TaskGroup tasks(runtime.env());
  int working = 0;
  std::vector<int> order;
  for (int i = 0; i < 20; ++i) tasks.spawn("work", work(runtime.env(), queue, i, working, order));
  runtime.run(tasks.join());
  ASSERT_EQ(order.size(), 20U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_EQ(queue.size(), 0U);
}

TEST(TurnQueue, ForgetsWhoWasCancelled) {
  VirtualRuntime runtime;
  TurnQueue queue(runtime.env().executor);
  int working = 0;
  std::vector<int> order;
  TaskGroup stay(runtime.env());
  TaskGroup leave(runtime.env());
  stay.spawn("first", work(runtime.env(), queue, 1, working, order));
  runtime.run_ready();
  leave.spawn("second", work(runtime.env(), queue, 2, working, order));
  runtime.run_ready();
  stay.spawn("third", work(runtime.env(), queue, 3, working, order));
  runtime.run_ready();
  EXPECT_EQ(queue.size(), 3U);
  runtime.run(leave.stop());
  runtime.run(stay.join());
  EXPECT_EQ(order, (std::vector<int>{1, 3}));
}

}  // namespace
}  // namespace libp2p
