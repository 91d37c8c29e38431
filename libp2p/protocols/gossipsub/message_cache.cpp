#include "libp2p/protocols/gossipsub/message_cache.hpp"

#include <algorithm>

namespace libp2p::gossipsub {

MessageCache::MessageCache(std::size_t history, std::size_t gossip, std::size_t max_bytes)
    : gossip_(gossip), max_bytes_(max_bytes), windows_(history) {}

void MessageCache::drop_oldest(std::deque<MessageId>& window) {
  const auto it = messages_.find(window.front());
  bytes_ -= it->second.message->size();
  messages_.erase(it);
  window.pop_front();
}

void MessageCache::put(const MessageId& id, std::string topic, WireMessage message) {
  const std::size_t size = message->size();
  const auto [it, added] = messages_.try_emplace(id);
  if (!added) return;
  it->second.topic = std::move(topic);
  it->second.message = std::move(message);
  bytes_ += size;
  windows_.front().push_back(id);
  for (auto window = windows_.rbegin(); window != windows_.rend(); ++window) {
    while (bytes_ > max_bytes_ && !window->empty()) drop_oldest(*window);
  }
}

MessageCache::Answer MessageCache::take_for(const PeerId& peer, const MessageId& id, std::size_t max_times) {
  const auto it = messages_.find(id);
  if (it == messages_.end()) return {};
  unsigned& times = it->second.sent[peer];
  if (times >= max_times) return {.message = nullptr, .times = times};
  return {.message = it->second.message, .times = ++times};
}

std::vector<MessageId> MessageCache::gossip_ids(std::string_view topic) const {
  std::vector<MessageId> ids;
  for (std::size_t i = 0; i < std::min(gossip_, windows_.size()); ++i) {
    for (auto id = windows_[i].rbegin(); id != windows_[i].rend(); ++id) {
      if (messages_.at(*id).topic == topic) ids.push_back(*id);
    }
  }
  return ids;
}

void MessageCache::shift() {
  while (!windows_.back().empty()) drop_oldest(windows_.back());
  windows_.pop_back();
  windows_.emplace_front();
}

}  // namespace libp2p::gossipsub
