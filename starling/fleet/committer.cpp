#include "starling/fleet/committer.hpp"

#include "libp2p/base/blocking.hpp"

namespace starling {

Committer::Committer(Env env, Store& store)
    : env_(env), store_(store), progress_(env.executor), tasks_(env) {}

Task<Result<>> Committer::commit(std::vector<RecordPtr> records, Facts facts) {
  const std::uint64_t mine = ++queued_;
  for (RecordPtr& record : records) waiting_.push_back(std::move(record));
  add_to_next(std::move(facts));
  if (!writing_ && !failure_) {
    writing_ = true;
    tasks_.spawn("commit", write_batches());
  }
  while (committed_ < mine && !failure_) co_await progress_.wait();
  if (committed_ < mine) co_return std::unexpected(*failure_);
  co_return Result<>{};
}

void Committer::add_to_next(Facts facts) {
  for (auto& [name, value] : facts) waiting_facts_.insert_or_assign(name, std::move(value));
}

Task<> Committer::write_batches() {
  while (committed_ < queued_ && !failure_) {
    const std::vector<RecordPtr> records = std::exchange(waiting_, {});
    const Facts facts = std::exchange(waiting_facts_, {});
    const std::uint64_t last = queued_;
    const Result<> done = co_await libp2p::run_blocking(
        env_, [this, &records, &facts] { return store_.append(records, facts); });
    if (done) {
      committed_ = last;
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
