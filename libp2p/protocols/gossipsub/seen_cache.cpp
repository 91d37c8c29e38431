#include "libp2p/protocols/gossipsub/seen_cache.hpp"

namespace libp2p::gossipsub {

void SeenCache::expire(Instant now) {
  while (!by_age_.empty() && (by_age_.front().expires <= now || ids_.size() > capacity_)) {
    ids_.erase(by_age_.front().id);
    by_age_.pop_front();
  }
}

bool SeenCache::contains(const MessageId& id, Instant now) {
  expire(now);
  return ids_.contains(id);
}

bool SeenCache::insert(const MessageId& id, Instant now) {
  expire(now);
  const auto [at, added] = ids_.insert(id);
  if (!added) return false;
  by_age_.push_back({now + ttl_, at});
  expire(now);
  return true;
}

}  // namespace libp2p::gossipsub
