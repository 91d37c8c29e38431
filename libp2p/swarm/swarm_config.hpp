// Every limit of a swarm in one table. Defaults are those of docs/limits.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "libp2p/base/clock.hpp"

namespace libp2p {

struct SwarmConfig {
  Duration dial_timeout = std::chrono::seconds(10);       // one candidate address, upgrade included
  Duration upgrade_timeout = std::chrono::seconds(10);    // an inbound connection, from accept to muxed
  Duration negotiate_timeout = std::chrono::seconds(10);  // multistream-select on one stream
  Duration idle_timeout = std::chrono::seconds(60);       // no stream, nobody protects it
  // Two connections with one peer that were opened within this time of each other count as dialled by both at
  // once.
  Duration simultaneous = std::chrono::seconds(10);
  Duration superseded_linger =
      std::chrono::seconds(2);  // the one of them that is not used, once without streams
  Duration dial_stagger =
      std::chrono::milliseconds(250);   // before the next address is tried beside the first
  std::size_t max_parallel_dials = 8;   // addresses of one peer at a time
  std::size_t max_dialling_peers = 32;  // peers being redialled at a time
  // Both sides of a kept peer tend to see each other at once: the one with the larger id waits so long for
  // the other.
  Duration redial_head_start = std::chrono::milliseconds(100);
  Duration redial_first = std::chrono::milliseconds(250);
  Duration redial_cap = std::chrono::seconds(5);
  std::size_t max_connections = 512;
  std::size_t max_upgrading = 64;  // inbound connections whose handshake is not done
  std::size_t max_restricted = 16;
  Duration restricted_lifetime = std::chrono::seconds(10);
  std::size_t restricted_max_bytes = 64ULL * 1024;  // received on a restricted connection's streams
  // That the other side may have in negotiation there: a peer that takes us for one of its own asks for a few
  // protocols at once, and is told no. Agreed on is one in the connection's life.
  std::size_t restricted_max_streams = 4;
  std::size_t max_connections_per_peer = 4;
  std::size_t max_inbound_streams = 1000;                      // per connection
  Duration peerstore_save_interval = std::chrono::seconds(2);  // at most so often, and only what has changed
  bool early_muxer = true;                                     // offer the muxer inside the Noise handshake
};

}  // namespace libp2p
