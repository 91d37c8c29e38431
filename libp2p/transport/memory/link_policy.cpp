#include "libp2p/transport/memory/link_policy.hpp"

#include <algorithm>

namespace libp2p {

void LinkTable::cut(MemoryNode a, MemoryNode b) {
  cuts_.insert({a, b});
  cuts_.insert({b, a});
}

void LinkTable::heal(MemoryNode a, MemoryNode b) {
  cuts_.erase({a, b});
  cuts_.erase({b, a});
}

void LinkTable::heal_all() {
  cuts_.clear();
  isolated_.clear();
}

void LinkTable::refuse_dials(MemoryNode from, MemoryNode to, bool refuse) {
  if (refuse) {
    refusals_.insert({from, to});
  } else {
    refusals_.erase({from, to});
  }
}

bool LinkTable::is_cut(MemoryNode from, MemoryNode to) const {
  return from != to && (cuts_.contains({from, to}) || isolated_.contains(from) || isolated_.contains(to));
}

std::optional<Duration> LinkTable::delay(MemoryNode from, MemoryNode to, std::size_t bytes) {
  if (is_cut(from, to)) return std::nullopt;
  const auto own = own_.find({from, to});
  const LinkQuality& link = own == own_.end() ? all_ : own->second;
  Duration total = link.latency;
  if (link.jitter > Duration::zero()) {
    total += Duration(
        static_cast<Duration::rep>(env_.random.below(static_cast<std::uint64_t>(link.jitter.count()) + 1)));
  }
  if (link.loss > 0 && env_.random.unit() < link.loss) total += link.stall;
  if (link.bytes_per_second > 0) {
    // One segment after the other goes onto the wire.
    const double seconds = static_cast<double>(bytes) / static_cast<double>(link.bytes_per_second);
    Instant& busy = busy_until_[{from, to}];
    busy = std::max(busy, env_.now()) + Duration(static_cast<Duration::rep>(seconds * 1e9));
    total += busy - env_.now();
  }
  return total;
}

}  // namespace libp2p
