// Group commit: whoever waits for the disk shares one synced transaction (rule L6).
#pragma once

#include <optional>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/base/task_group.hpp"
#include "starling/changelog/store.hpp"

namespace starling {

using libp2p::Env;
using libp2p::Task;

class Committer {
 public:
  Committer(Env env, Store& store);

  // Returns once all of them are on disk. After a failure every call fails: what is in memory is then ahead
  // of the disk, and only a restart brings them together again.
  [[nodiscard]] Task<Result<>> commit(std::vector<RecordPtr> records, Facts facts = {});
  // The same for records to be forgotten.
  [[nodiscard]] Task<Result<>> drop(std::vector<RecordId> ids, Facts facts);
  // Goes with the next batch, whose it is: not worth one of its own. Calling commit() without anything sees
  // to it.
  void add_to_next(Facts facts);
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }
  [[nodiscard]] Task<> stop();

 private:
  struct Batch {
    std::vector<RecordPtr> records;
    std::vector<RecordId> dropped;
    Facts facts;
  };
  Task<Result<>> wait_written();
  [[nodiscard]] Result<> write(const Batch& batch);
  Task<> write_batches();

  Env env_;
  Store& store_;
  Batch waiting_;
  std::uint64_t queued_ = 0;     // calls ever made
  std::uint64_t committed_ = 0;  // of those, on disk
  bool writing_ = false;
  std::optional<Error> failure_;
  libp2p::Notifier progress_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
