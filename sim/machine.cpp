#include "sim/machine.hpp"

#include <algorithm>
#include <memory>

namespace starling::sim {

void MachineRandom::fill(libp2p::MutableBytes out) {
  if (first_) return source_.fill(out);
  if (repeated_ && repeated_->size() == out.size()) {
    std::ranges::copy(*repeated_, out.begin());
  } else {
    source_.fill(out);
  }
  first_ = Bytes(out.begin(), out.end());
}

void SlowWorkers::submit(Work work, Work done) {
  busy_until_ = std::max(busy_until_, clock_.now()) + latency_;
  timers_.schedule(busy_until_, [work = std::move(work), done = std::move(done)]() mutable {
    work();
    done();
  });
}

Result<> Disk::append(std::span<const RecordPtr> records, const Facts& facts) {
  if (failure_) return std::unexpected(*failure_);
  for (const RecordPtr& record : records) {
    if (index_.emplace(record->id, image_.records.size()).second) image_.records.push_back(record);
  }
  for (const auto& [name, value] : facts) image_.facts.insert_or_assign(name, value);
  return {};
}

Result<> Disk::drop(std::span<const RecordId> ids, const Facts& facts) {
  if (failure_) return std::unexpected(*failure_);
  Image rest = std::move(image_);
  std::erase_if(rest.records,
                [&](const RecordPtr& record) { return std::ranges::find(ids, record->id) != ids.end(); });
  for (const auto& [name, value] : facts) rest.facts.insert_or_assign(name, value);
  set_image(std::move(rest));
  return {};
}

void Disk::set_image(Image image) {
  image_ = std::move(image);
  index_.clear();
  for (std::size_t i = 0; i < image_.records.size(); ++i) index_.emplace(image_.records[i]->id, i);
}

}  // namespace starling::sim
