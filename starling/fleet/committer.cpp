#include "starling/fleet/committer.hpp"

#include "libp2p/base/blocking.hpp"

namespace starling {

Committer::Committer(Env env, Store& store) : env_(env), store_(store), progress_(env.executor), tasks_(env) {}

Task<Result<>> Committer::commit(std::vector<RecordPtr> records) {
  queued_ += records.size();
  const std::uint64_t mine = queued_;
  for (RecordPtr& record : records) waiting_.push_back(std::move(record));
  if (!writing_ && !failure_) {
    writing_ = true;
    tasks_.spawn("commit", write_batches());
  }
  while (committed_ < mine && !failure_) co_await progress_.wait();
  if (committed_ < mine) co_return std::unexpected(*failure_);
  co_return Result<>{};
}

Task<> Committer::write_batches() {
  while (!waiting_.empty() && !failure_) {
    const std::vector<RecordPtr> batch = std::exchange(waiting_, {});
    const Result<> done = co_await libp2p::run_blocking(env_, [this, &batch] { return store_.append(batch); });
    if (done) {
      committed_ += batch.size();
    } else {
      failure_ = done.error();
      env_.log.error("store.failed", {{"why", done.error().to_string()}});
    }
    progress_.notify_all();
  }
  writing_ = false;
}

Task<> Committer::stop() { co_await tasks_.join(); }

}  // namespace starling
