// Which messages have come already (gossipsub-v1.0.md, Message Cache: the seen cache).
#pragma once

#include <cstddef>
#include <deque>
#include <set>

#include "libp2p/base/clock.hpp"
#include "libp2p/protocols/gossipsub/message.hpp"

namespace libp2p::gossipsub {

// Holds an id for `ttl` from the first time it was seen, and never more than `capacity` ids: then the oldest
// go first. Ordered, not hashed: authors choose half of the id.
class SeenCache {
 public:
  SeenCache(std::size_t capacity, Duration ttl) : capacity_(capacity), ttl_(ttl) {}

  [[nodiscard]] bool contains(const MessageId& id, Instant now);
  // False when it was there.
  bool insert(const MessageId& id, Instant now);
  [[nodiscard]] std::size_t size() const noexcept { return ids_.size(); }

 private:
  struct Entry {
    Instant expires;
    std::set<MessageId>::const_iterator id;
  };
  void expire(Instant now);

  std::size_t capacity_;
  Duration ttl_;
  std::set<MessageId> ids_;
  std::deque<Entry> by_age_;
};

}  // namespace libp2p::gossipsub
