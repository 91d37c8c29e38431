#include <gtest/gtest.h>

#include "libp2p/base/bounded_queue.hpp"
#include "libp2p/base/deadline.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"

namespace libp2p {
namespace {

using std::chrono::seconds;

Task<> note_after(Env env, Duration delay, std::vector<int>& notes, int note) {
  co_await sleep_for(env, delay);
  notes.push_back(note);
}

Task<Result<int>> answer_after(Env env, Duration delay, int answer) {
  co_await sleep_for(env, delay);
  co_return answer;
}

TEST(VirtualRuntime, JumpsToTheNextTimerInOrderOfDeadline) {
  VirtualRuntime runtime;
  std::vector<int> notes;
  TaskGroup tasks(runtime.env());
  tasks.spawn("late", note_after(runtime.env(), seconds(20), notes, 2));
  tasks.spawn("soon", note_after(runtime.env(), seconds(10), notes, 1));
  runtime.run_for(seconds(15));
  EXPECT_EQ(notes, std::vector<int>({1}));
  runtime.run_for(seconds(15));
  EXPECT_EQ(notes, std::vector<int>({1, 2}));
  EXPECT_EQ(runtime.now(), Instant(seconds(30)));
}

TEST(TaskGroup, StopCancelsWhatWaitsAndJoinsIt) {
  VirtualRuntime runtime;
  std::vector<int> notes;
  TaskGroup tasks(runtime.env());
  for (int i = 0; i < 10; ++i) tasks.spawn("sleeper", note_after(runtime.env(), seconds(100), notes, i));
  runtime.run_for(seconds(1));
  EXPECT_EQ(tasks.size(), 10U);
  runtime.run(tasks.stop());
  EXPECT_TRUE(tasks.empty());
  EXPECT_TRUE(notes.empty());
  EXPECT_EQ(tasks.escaped(), 0U);
}

TEST(TaskGroup, StopFromATaskThatIsItselfCancelledStillJoins) {
  VirtualRuntime runtime;
  std::vector<int> notes;
  TaskGroup inner(runtime.env());
  TaskGroup outer(runtime.env());
  inner.spawn("sleeper", note_after(runtime.env(), seconds(100), notes, 1));
  outer.spawn("stopper", inner.stop());
  outer.cancel();
  runtime.run(outer.join());
  runtime.run(inner.stop());
  EXPECT_TRUE(inner.empty());
}

Task<> note(std::vector<int>& notes, int number) {
  notes.push_back(number);
  co_return;
}

Task<> spawn_and_note(TaskGroup& tasks, std::vector<int>& notes) {
  tasks.spawn("inner", note(notes, 2));
  notes.push_back(1);
  co_return;
}

TEST(TaskGroup, ATaskDoesNotBeginInsideTheCallThatSpawnsIt) {
  VirtualRuntime runtime;
  std::vector<int> notes;
  TaskGroup tasks(runtime.env());
  tasks.spawn("outer", spawn_and_note(tasks, notes));
  runtime.run(tasks.join());
  EXPECT_EQ(notes, std::vector<int>({1, 2}));
}

Task<> throws(Env env) {
  co_await yield_now(env);
  throw std::runtime_error("a bug");
}

TEST(TaskGroup, AnExceptionThatEscapesEndsThatTaskOnlyAndIsCounted) {
  VirtualRuntime runtime;
  std::vector<int> notes;
  TaskGroup tasks(runtime.env());
  tasks.spawn("bug", throws(runtime.env()));
  tasks.spawn("sound", note_after(runtime.env(), seconds(1), notes, 1));
  runtime.run(tasks.join());
  EXPECT_EQ(tasks.escaped(), 1U);
  EXPECT_EQ(notes, std::vector<int>({1}));
}

TEST(WithTimeout, GivesTheResultWhenItComesInTime) {
  VirtualRuntime runtime;
  const auto result = runtime.run(
      with_timeout(runtime.env(), seconds(2), "asking", answer_after(runtime.env(), seconds(1), 7)));
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 7);
}

TEST(WithTimeout, CancelsAndNamesWhatTookTooLong) {
  VirtualRuntime runtime;
  const auto result = runtime.run(
      with_timeout(runtime.env(), seconds(2), "asking", answer_after(runtime.env(), seconds(3), 7)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::timeout);
  EXPECT_EQ(result.error().message, "asking");
  EXPECT_EQ(runtime.now(), Instant(seconds(2)));
}

Task<> keep(Task<Result<int>> task, std::vector<int>& notes) {
  const auto result = co_await std::move(task);
  notes.push_back(result ? *result : -1);
}

TEST(WithTimeout, IsItselfCancellable) {
  VirtualRuntime runtime;
  std::vector<int> notes;
  TaskGroup tasks(runtime.env());
  tasks.spawn("asker", keep(with_timeout(runtime.env(), seconds(50), "asking",
                                         answer_after(runtime.env(), seconds(40), 7)),
                            notes));
  runtime.run_for(seconds(1));
  runtime.run(tasks.stop());
  EXPECT_TRUE(notes.empty());
  EXPECT_EQ(tasks.escaped(), 0U);
}

// Says when it is over: by its end, or by unwinding.
Task<Result<int>> linger(Env env, Duration delay, bool& gone) {
  struct Leave {
    bool& gone;
    ~Leave() { gone = true; }
  } leave{gone};
  co_await sleep_for(env, delay);
  co_return 1;
}

TEST(WithTimeout, CancelledItJoinsItsTaskBeforeItUnwinds) {
  VirtualRuntime runtime;
  bool gone = false;
  std::vector<int> notes;
  TaskGroup tasks(runtime.env());
  tasks.spawn("asker", keep(with_timeout(runtime.env(), seconds(50), "asking",
                                         linger(runtime.env(), seconds(40), gone)),
                            notes));
  runtime.run_for(seconds(1));
  runtime.run(tasks.stop());
  EXPECT_TRUE(gone);
  EXPECT_TRUE(notes.empty());
}

Task<> forward(Task<Result<int>> task) { (void)co_await std::move(task); }

TEST(WithCleanup, RunsTheCleanupToItsEndInACancelledTask) {
  VirtualRuntime runtime;
  bool gone = false;
  std::vector<int> notes;
  TaskGroup tasks(runtime.env());
  tasks.spawn("worker", forward(with_cleanup(linger(runtime.env(), seconds(40), gone),
                                             note_after(runtime.env(), seconds(2), notes, 5))));
  runtime.run_for(seconds(1));
  tasks.cancel();
  tasks.cancel();
  EXPECT_TRUE(notes.empty());
  runtime.run(tasks.join());
  EXPECT_TRUE(gone);
  EXPECT_EQ(notes, std::vector<int>({5}));
  EXPECT_EQ(runtime.now(), Instant(seconds(3)));
}

TEST(WithCleanup, GivesTheResultOfTheWork) {
  VirtualRuntime runtime;
  bool gone = false;
  std::vector<int> notes;
  const auto result = runtime.run(
      with_cleanup(linger(runtime.env(), seconds(1), gone), note_after(runtime.env(), seconds(1), notes, 5)));
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 1);
  EXPECT_EQ(notes, std::vector<int>({5}));
}

Task<> produce(BoundedQueue<int>& queue, int count, int& produced) {
  for (int i = 0; i < count; ++i) {
    if (!co_await queue.push(i)) co_return;
    ++produced;
  }
  queue.close();
}

TEST(BoundedQueue, MakesTheProducerWaitAndEndsWhenClosedAndDrained) {
  VirtualRuntime runtime;
  BoundedQueue<int> queue(runtime.env().executor, 3);
  int produced = 0;
  TaskGroup tasks(runtime.env());
  tasks.spawn("producer", produce(queue, 5, produced));
  runtime.run_ready();
  EXPECT_EQ(produced, 3);
  std::vector<int> got;
  while (auto item = runtime.run(queue.pop())) got.push_back(*item);
  EXPECT_EQ(got, std::vector<int>({0, 1, 2, 3, 4}));
  runtime.run(tasks.join());
}

}  // namespace
}  // namespace libp2p
