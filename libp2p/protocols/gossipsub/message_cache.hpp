// The messages of the last heartbeats, for gossip (gossipsub-v1.0.md, Message Cache).
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "libp2p/identity/peer_id.hpp"
#include "libp2p/protocols/gossipsub/message.hpp"

namespace libp2p::gossipsub {

// A window is one heartbeat. Messages can be asked for during `history` windows and are advertised during the
// first `gossip` of them. Never holds more than `max_bytes` of messages: then the oldest go first.
class MessageCache {
 public:
  MessageCache(std::size_t history, std::size_t gossip, std::size_t max_bytes);

  void put(const MessageId& id, std::string topic, WireMessage message);

  struct Answer {
    WireMessage message;  // null when it is not (any more) here, or the peer has had it `max_times`
    unsigned times = 0;   // how often the peer has had it by IWANT, this time included
  };
  // For an IWANT of `peer`.
  [[nodiscard]] Answer take_for(const PeerId& peer, const MessageId& id, std::size_t max_times);

  // Newest first.
  [[nodiscard]] std::vector<MessageId> gossip_ids(std::string_view topic) const;
  void shift();

  [[nodiscard]] std::size_t size() const noexcept { return messages_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Entry {
    std::string topic;
    WireMessage message;
    std::map<PeerId, unsigned> sent;
  };
  void drop_oldest(std::deque<MessageId>& window);

  std::size_t gossip_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::deque<std::deque<MessageId>> windows_;  // the present one first
  std::map<MessageId, Entry> messages_;
};

}  // namespace libp2p::gossipsub
