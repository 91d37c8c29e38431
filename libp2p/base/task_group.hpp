// Owns background coroutines: nothing in the project is detached.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <list>
#include <string>
#include <string_view>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"

namespace libp2p {

// Its owner is the service whose work runs in it. Stop it before destroying it: the destructor asserts that
// it is empty. An exception that escapes a task ends that task only; it is logged as an error and counted,
// since faults are values here and an escaping exception is a bug (tests assert escaped() == 0).
class TaskGroup {
 public:
  explicit TaskGroup(Env env);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  // Starts `task` from the executor, not from inside this call. Once stopped, new tasks are dropped
  // unstarted.
  void spawn(std::string_view name, Task<> task);
  // Asks every task to end; they unwind by operation_aborted at their next (or present) suspension.
  void cancel();
  // cancel(), then waits for all. Don't call it from one of its own tasks: that would wait for itself.
  [[nodiscard]] Task<> stop();
  // Waits until no task is left, without cancelling.
  [[nodiscard]] Task<> join();

  [[nodiscard]] bool empty() const noexcept { return running_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return running_.size(); }
  [[nodiscard]] std::size_t escaped() const noexcept { return escaped_; }

 private:
  struct Running {
    std::string name;
    asio::cancellation_signal cancel;
  };
  void finished(std::list<Running>::iterator task, std::exception_ptr error);

  Env env_;
  std::list<Running> running_;
  Notifier changed_;
  bool stopping_ = false;
  std::size_t escaped_ = 0;
};

}  // namespace libp2p
