#include "starling/sync/record_intake.hpp"

#include <algorithm>

#include "libp2p/base/blocking.hpp"
#include "starling/sync/messages.hpp"

namespace starling {
namespace {

constexpr std::size_t max_refused_chains = 1024;

}  // namespace

RecordIntake::RecordIntake(Env env, Fleet& fleet, std::vector<PeerId> peers)
    : env_(env), fleet_(fleet), lanes_(peers.size()), changed_(env.executor), tasks_(env) {
  for (std::size_t lane = 0; lane < peers.size(); ++lane) lanes_[lane].peer = std::move(peers[lane]);
}

Task<Result<>> RecordIntake::put(std::size_t lane, std::vector<Bytes> envelopes) {
  auto batch = std::make_shared<Batch>();
  for (const Bytes& envelope : envelopes) batch->bytes += envelope.size();
  batch->envelopes = std::move(envelopes);
  while (!outcome_.broken && lanes_[lane].bytes > 0 && lanes_[lane].bytes + batch->bytes > lane_window)
    co_await changed_.wait();
  if (outcome_.broken) co_return std::unexpected(outcome_.broken->why);
  lanes_[lane].bytes += batch->bytes;
  lanes_[lane].batches.push_back(batch);
  tasks_.spawn("intake.open", open(std::move(batch)));
  co_return Result<>{};
}

void RecordIntake::finish(std::size_t lane) {
  lanes_[lane].finished = true;
  changed_.notify_all();
}

Task<> RecordIntake::open(std::shared_ptr<Batch> batch) {
  // The worker has the batch to itself until it is done.
  co_await libp2p::run_blocking(env_, [&batch] {
    for (const Bytes& envelope : batch->envelopes) {
      auto record = open_record(envelope);
      if (!record) {
        batch->wrong = std::move(record.error());
        break;
      }
      batch->records.push_back(std::move(*record));
    }
    return true;
  });
  batch->envelopes.clear();
  batch->opened = true;
  changed_.notify_all();
}

bool RecordIntake::find_batch() {
  for (std::size_t tried = 0; tried < lanes_.size(); ++tried) {
    Lane& lane = lanes_[lane_];
    const bool block_ended = lanes_.size() > 1 && lane.in_block == stripe_block;
    if (!block_ended && !lane.batches.empty()) return lane.batches.front()->opened;
    if (!block_ended && !lane.finished) return false;
    if (!block_ended && !short_) short_ = lane_;
    lane.in_block = 0;
    lane_ = (lane_ + 1) % lanes_.size();
  }
  return false;
}

void RecordIntake::take_batch(std::vector<RecordPtr>& group) {
  if (short_) {
    break_off(short_, {Errc::protocol, "an answer that ended before its share was whole"});
    return;
  }
  Lane& lane = lanes_[lane_];
  const std::shared_ptr<Batch> batch = std::move(lane.batches.front());
  lane.batches.pop_front();
  lane.bytes -= batch->bytes;
  lane.in_block += batch->records.size();
  if (lanes_.size() > 1 && lane.in_block > stripe_block) {
    break_off(lane_, {Errc::protocol, "a block of more than 1024 records"});
    return;
  }
  std::ranges::move(batch->records, std::back_inserter(group));
  if (batch->wrong) break_off(lane_, std::move(*batch->wrong));
}

void RecordIntake::break_off(std::optional<std::size_t> lane, Error why) {
  if (!outcome_.broken) outcome_.broken = Break{lane, std::move(why)};
}

std::vector<RecordPtr> RecordIntake::next_group() {
  std::vector<RecordPtr> group;
  while (!outcome_.broken && group.size() < max_group && find_batch()) {
    if (lane_ != taken_from_ && !group.empty()) break;
    taken_from_ = lane_;
    take_batch(group);
  }
  return group;
}

bool RecordIntake::done() const {
  return outcome_.broken ||
         std::ranges::all_of(lanes_, [](const Lane& lane) { return lane.finished && lane.batches.empty(); });
}

Task<RecordIntake::Outcome> RecordIntake::run() {
  while (!done() || commits_ > 0) {
    std::vector<RecordPtr> group;
    if (commits_ < max_commits) group = next_group();
    if (group.empty()) {
      if (!done() || commits_ > 0) co_await changed_.wait();
      continue;
    }
    ++commits_;
    outcome_.taken += group.size();
    tasks_.spawn("intake.accept", accept(std::move(group), lanes_[taken_from_].peer));
    changed_.notify_all();  // there is room in the window
  }
  changed_.notify_all();
  co_return outcome_;
}

Task<> RecordIntake::accept(std::vector<RecordPtr> group, PeerId bringer) {
  auto accepted = co_await fleet_.accept(group, std::move(bringer));
  --commits_;
  if (accepted) {
    outcome_.added += accepted->added;
    outcome_.waiting += accepted->waiting;
    for (auto& [id, why] : accepted->refused) {
      const auto record = std::ranges::find(group, id, [](const RecordPtr& one) { return one->id; });
      if (record != group.end() && outcome_.refused.size() < max_refused_chains)
        outcome_.refused.try_emplace((*record)->record.chain(), std::move(why));
    }
  } else {
    break_off(std::nullopt, std::move(accepted.error()));
  }
  changed_.notify_all();
}

}  // namespace starling
