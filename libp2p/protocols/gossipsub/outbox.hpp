// What waits to be sent to one peer, and how it is packed into RPCs.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/protocols/gossipsub/config.hpp"
#include "libp2p/protocols/gossipsub/rpc.hpp"

namespace libp2p::gossipsub {

// Whatever has gathered while the last write was under way leaves in one RPC. Subscriptions and control don't
// wait behind messages: they are aboard the next RPC however long the queue is. A later subscription, GRAFT
// or PRUNE of a topic replaces an earlier one that has not left yet. Bounded: when it is full of messages,
// the peer is not reading. Its owner is the link to that peer.
class Outbox {
 public:
  explicit Outbox(const GossipsubConfig& config);

  // False when the messages don't fit any more. Gossip (IHAVE and IWANT) beyond its own bound is dropped
  // instead: it is repeated anyway.
  [[nodiscard]] bool push(Outgoing item);
  [[nodiscard]] bool empty() const noexcept;
  // The next RPC with its length prefix. Empty when nothing waits.
  [[nodiscard]] Bytes next();
  void clear();
  // What was to be said about the mesh and as gossip is void, since the mesh is; subscriptions and messages
  // stay.
  void stream_lost();

  [[nodiscard]] std::size_t message_bytes() const noexcept { return message_bytes_; }

 private:
  struct MeshChange {
    bool graft = false;
    std::uint64_t backoff_s = 0;
  };
  void put(Announce item);
  void put(Graft item);
  void put(Prune item);
  void put(IHave item);
  void put(IWant item);
  // Each returns encoded fields of the RPC, or of its control part, and takes what they say out of the
  // queues.
  [[nodiscard]] Bytes take_announcements();
  [[nodiscard]] Bytes take_messages(std::size_t room, bool rpc_is_empty);
  [[nodiscard]] Bytes take_control();
  [[nodiscard]] Bytes take_mesh_changes();
  [[nodiscard]] Bytes take_iwant(std::size_t room);
  [[nodiscard]] Bytes take_ihave(std::size_t room);
  [[nodiscard]] ProtobufWriter take_ids(std::deque<MessageId>& from, std::uint32_t field, ProtobufWriter to,
                                        std::size_t room);

  std::size_t max_message_bytes_;
  std::size_t coalesce_bytes_;
  std::map<std::string, bool> announcements_;
  std::map<std::string, MeshChange> mesh_changes_;
  std::deque<MessageId> iwant_;
  std::map<std::string, std::deque<MessageId>> ihave_;
  std::deque<WireMessage> messages_;
  std::size_t message_bytes_ = 0;
  std::size_t gossip_bytes_ = 0;
};

}  // namespace libp2p::gossipsub
