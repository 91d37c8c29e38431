// The parameters of GossipSub, under the specification's own names, and the limits of ATTACKS beside them.
#pragma once

#include <chrono>
#include <cstddef>

#include "libp2p/base/clock.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p {

struct GossipsubConfig {
  // The mesh (gossipsub-v1.0.md, Parameters; gossipsub-v1.1.md, Overview of New Parameters).
  std::size_t d = 6;        // peers a topic's mesh is filled up, or cut down, to
  std::size_t d_low = 5;    // below it the mesh is thin: filled at once, and messages go to every subscriber
  std::size_t d_high = 12;  // above it the heartbeat prunes
  std::size_t d_lazy = 6;   // least peers that are told of recent messages at each heartbeat
  std::size_t d_out = 2;    // least mesh peers that we dialled; below d_low and at most d / 2
  double gossip_factor = 0.25;  // share of the subscribers outside the mesh that is told, if more than d_lazy

  Duration heartbeat = std::chrono::seconds(1);
  std::size_t history_length = 5;  // heartbeats a message can be asked for
  std::size_t history_gossip = 3;  // heartbeats it is advertised
  Duration prune_backoff = std::chrono::seconds(60);
  Duration unsubscribe_backoff = std::chrono::seconds(10);
  Duration max_backoff =
      std::chrono::hours(1);  // what a peer's PRUNE asks for is cut to this (CVE-2026-33040, -34219)
  Duration iwant_followup =
      std::chrono::seconds(3);  // what a peer advertised and we asked for must come by then

  // Limits on what others can make us hold or do.
  std::size_t max_rpc_bytes = 1024 * 1024;
  std::size_t max_message_bytes = 1024 * 1024 - 64;  // one encoded message; the rest is the RPC around it
  std::size_t max_topics_per_peer = 32;
  std::size_t max_topic_bytes = 256;
  std::size_t max_ihave_rpcs = 10;      // per peer and heartbeat
  std::size_t max_iwant_ids = 500;      // asked of one peer per heartbeat
  std::size_t max_retransmissions = 3;  // one message to one peer by IWANT
  std::size_t max_iwant_bytes =
      2 * 1024 * 1024;  // answered to one peer per heartbeat, and never less than one message
  std::size_t seen_capacity = 64 * 1024;
  Duration seen_ttl = std::chrono::seconds(120);
  std::size_t message_cache_bytes = 16 * 1024 * 1024;
  std::size_t backoff_capacity = 8192;
  double max_behaviour_penalty = 5;      // above it a peer's IHAVE is ignored
  double behaviour_penalty_decay = 0.9;  // per heartbeat

  // The stream to one peer.
  std::size_t outbox_bytes =
      4 * 1024 * 1024;                     // queued and not taken by the peer: beyond it the peer is dropped
  std::size_t coalesce_bytes = 64 * 1024;  // an RPC of several messages stays within it: rust's default limit
  Duration write_timeout = std::chrono::seconds(10);
  Duration frame_timeout = std::chrono::seconds(30);  // an RPC that has begun to arrive must be whole by then
  Duration reopen_first = std::chrono::milliseconds(250);
  Duration reopen_cap = std::chrono::seconds(5);
  // Topics that a peer doesn't announce on its new stream are forgotten after this.
  Duration resubscribe_grace = std::chrono::seconds(3);

  // Says which rule is broken. Errors: invalid_argument.
  [[nodiscard]] Result<> check() const;
};

}  // namespace libp2p
