// Every limit of a swarm in one table. Defaults are those of docs/limits.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "libp2p/swarm/resource_limits.hpp"

namespace libp2p {

// How long the better address is given before the next is started beside it, where no round trip is known.
struct DialPace {
  Duration family{};  // IPv6 before IPv4
  Duration behind{};  // the next transport, and the next address of the same
  Duration other{};   // transports that need much more to connect
};
struct DialPaces {
  DialPace near{.family = std::chrono::milliseconds(10),  // private networks, link-local
                .behind = std::chrono::milliseconds(30),
                .other = std::chrono::milliseconds(100)};
  DialPace far{.family = std::chrono::milliseconds(100),
               .behind = std::chrono::milliseconds(250),
               .other = std::chrono::seconds(1)};
  Duration relay = std::chrono::milliseconds(500);  // relayed ones behind direct ones
  Duration least = std::chrono::milliseconds(10);   // however short a known round trip is
};

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
  // Of a peer that has come again, an older connection on which nothing comes for so long, beyond its round
  // trip, is dead. Shorter than superseded_linger: the new one may be the one that isn't used.
  Duration doubt_patience = std::chrono::milliseconds(1500);
  DialPaces dial_paces = {};
  std::size_t max_parallel_dials = 8;  // addresses of one peer at a time
  // A dial that has heard nothing for so long gives its place to where the peer was seen since.
  Duration dial_silence = std::chrono::seconds(1);
  std::size_t max_dials = 64;           // in all; the last half of them are for peers that have none yet
  std::size_t max_dialling_peers = 32;  // peers being redialled at a time
  // Both sides of a kept peer tend to see each other at once: the one with the larger id waits so long for
  // the other.
  Duration redial_head_start = std::chrono::milliseconds(100);
  Duration redial_first = std::chrono::milliseconds(250);
  Duration redial_cap = std::chrono::seconds(5);
  ResourceLimits limits = {};
  std::size_t max_restricted = 16;
  Duration restricted_lifetime = std::chrono::seconds(10);
  std::size_t restricted_max_bytes = 64ULL * 1024;  // received on a restricted connection's streams
  // That the other side may have in negotiation there: a peer that takes us for one of its own asks for a few
  // protocols at once, and is told no. Agreed on is one in the connection's life.
  std::size_t restricted_max_streams = 4;
  Duration peerstore_save_interval = std::chrono::seconds(2);  // at most so often, and only what has changed
  bool early_muxer = true;                                     // offer the muxer inside the Noise handshake
};

}  // namespace libp2p
