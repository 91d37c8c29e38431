#include "starling/fleet/committer.hpp"

#include "libp2p/base/blocking.hpp"

namespace starling {

Committer::Committer(Env env, Store& store)
    : env_(env), store_(store), progress_(env.executor), tasks_(env) {}

Task<Result<>> Committer::commit(std::vector<RecordPtr> records, Facts facts) {
  for (RecordPtr& record : records) waiting_.records.push_back(std::move(record));
  add_to_next(std::move(facts));
  return wait_written();
}

Task<Result<>> Committer::drop(std::vector<RecordId> ids, Facts facts) {
  for (const RecordId& id : ids) waiting_.dropped.push_back(id);
  add_to_next(std::move(facts));
  return wait_written();
}

Task<Result<>> Committer::wait_written() {
  const std::uint64_t mine = ++queued_;
  if (!writing_ && !failure_) {
    writing_ = true;
    tasks_.spawn("commit", write_batches());
  }
  while (committed_ < mine && !failure_) co_await progress_.wait();
  if (committed_ < mine) co_return std::unexpected(*failure_);
  co_return Result<>{};
}

Result<> Committer::write(const Batch& batch) {
  LIBP2P_CHECK(store_.append(batch.records, batch.facts));
  if (batch.dropped.empty()) return {};
  return store_.drop(batch.dropped, {});
}

void Committer::add_to_next(Facts facts) {
  for (auto& [name, value] : facts) waiting_.facts.insert_or_assign(name, std::move(value));
}

Task<> Committer::write_batches() {
  while (committed_ < queued_ && !failure_) {
    const Batch batch = std::exchange(waiting_, {});
    const std::uint64_t last = queued_;
    const Result<> done = co_await libp2p::run_blocking(env_, [this, &batch] { return write(batch); });
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
