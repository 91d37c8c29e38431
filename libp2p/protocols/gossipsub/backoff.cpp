#include "libp2p/protocols/gossipsub/backoff.hpp"

namespace libp2p::gossipsub {

void Backoff::add(const std::string& topic, const PeerId& peer, Duration duration, Instant now) {
  const Instant until = now + duration;
  const auto [it, added] = entries_.try_emplace(Key(topic, peer));
  if (!added && it->second.until >= until) return;
  if (!added) by_end_.erase({it->second.until, it->first});
  it->second.until = until;
  by_end_.emplace(until, it->first);
  while (entries_.size() > capacity_) {
    entries_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
}

bool Backoff::active(const std::string& topic, const PeerId& peer, Instant now) const {
  const auto it = entries_.find(Key(topic, peer));
  return it != entries_.end() && now < it->second.until;
}

bool Backoff::may_graft(const std::string& topic, const PeerId& peer, Instant now) const {
  const auto it = entries_.find(Key(topic, peer));
  return it == entries_.end() || now >= it->second.until + slack_;
}

bool Backoff::may_answer(const std::string& topic, const PeerId& peer, Duration interval, Instant now) {
  const auto it = entries_.find(Key(topic, peer));
  if (it == entries_.end()) return true;
  if (it->second.was_answered && now < it->second.answered + interval) return false;
  it->second.answered = now;
  it->second.was_answered = true;
  return true;
}

void Backoff::expire(Instant now) {
  while (!by_end_.empty() && by_end_.begin()->first + slack_ <= now) {
    entries_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
}

}  // namespace libp2p::gossipsub
