#include "libp2p/base/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <cstdio>
#include <cstdlib>

#include "libp2p/base/uncancelled.hpp"

namespace libp2p {
namespace {

// What a task threw, or empty when it was merely cancelled.
std::string describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted ? std::string() : std::string(e.what());
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

// co_spawn begins at once when it is called from the loop: a task would run in the middle of whoever spawned
// it.
Task<> begin_later(Executor executor, Task<> task) {
  co_await asio::post(executor, use_task);
  co_await std::move(task);
}

}  // namespace

TaskGroup::TaskGroup(Env env) : env_(env), changed_(env.executor) {}

TaskGroup::~TaskGroup() {
  if (running_.empty()) return;
  std::fprintf(stderr, "TaskGroup destroyed with %zu tasks running, first: %s\n", running_.size(),
               running_.front().name.c_str());
  std::abort();
}

void TaskGroup::spawn(std::string_view name, Task<> task) {
  if (stopping_) return;
  running_.emplace_back();
  const auto self = std::prev(running_.end());
  self->name = name;
  asio::co_spawn(env_.executor, begin_later(env_.executor, std::move(task)),
                 asio::bind_cancellation_slot(
                     self->cancel.slot(), [this, self](std::exception_ptr error) { finished(self, error); }));
}

void TaskGroup::finished(std::list<Running>::iterator task, std::exception_ptr error) {
  if (error) {
    if (const std::string what = describe(error); !what.empty()) {
      ++escaped_;
      env_.log.error("task.escaped", {{"task", task->name}, {"what", what}});
    }
  }
  running_.erase(task);
  if (running_.empty()) changed_.notify_all();
}

void TaskGroup::cancel() {
  // A cancelled task may end at once and erase itself, or others: walk over names that stay valid.
  std::list<Running>::iterator next;
  for (auto it = running_.begin(); it != running_.end(); it = next) {
    next = std::next(it);
    it->cancel.emit(asio::cancellation_type::terminal);
  }
}

Task<> TaskGroup::stop() {
  stopping_ = true;
  cancel();
  const UncancelledSection section = co_await begin_uncancelled();
  co_await join();
  co_await end_uncancelled(section);
}

Task<> TaskGroup::join() {
  while (!running_.empty()) co_await changed_.wait();
}

}  // namespace libp2p
