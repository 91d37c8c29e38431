// The protocol of discovery/mdns.md as a pure state machine: packets and time in, packets and discoveries
// out.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "libp2p/base/random.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/multi/multiaddr.hpp"
#include "libp2p/protocols/mdns/lan.hpp"
#include "libp2p/protocols/mdns/limits.hpp"
#include "libp2p/protocols/mdns/packet.hpp"

namespace libp2p::mdns {

struct EngineConfig {
  PeerId self;
  Name service;           // _p2p._udp.local
  std::string peer_name;  // random, 32 to 63 lower-case letters and digits; never the peer id
  // When the first queries go out after an interface appears, then every query_interval, give or take a
  // quarter.
  std::vector<Duration> first_queries{Duration::zero(), std::chrono::seconds(1), std::chrono::seconds(3)};
  Duration query_interval = std::chrono::seconds(20);
  Duration reply_interval =
      std::chrono::seconds(1);  // at most one multicast reply per interface in this time
  std::uint32_t ttl_s = 120;
  unsigned packets_per_second_per_source = 20;
  unsigned packets_per_second = 200;
  std::size_t max_peers = 256;
  bool simulated = false;  // /memory addresses count as addresses of the LAN
};

struct Datagram {
  unsigned interface{};
  IpAddress from;
  Bytes bytes;
};

struct Outgoing {
  unsigned interface{};
  Bytes packet;
};

struct Discovery {
  PeerId peer;
  std::vector<Multiaddr> addresses;  // without /p2p; at least one
};

struct Actions {
  std::vector<Outgoing> send;
  std::vector<Discovery> discovered;
};

// Owned by Mdns, driven by it alone. Queries are suppressed by those of others (RFC 6762 section 7.3), so
// their rate on a LAN does not grow with the number of nodes; replies are spread over a time that does.
class Engine {
 public:
  // `random` must outlive the engine.
  Engine(EngineConfig config, Random& random);

  // What the machine has now. New interfaces, and those whose prefixes changed, are queried at once.
  void set_interfaces(std::vector<Interface> interfaces, Instant now);
  // What is told to the LAN, without /p2p. A change is announced at once.
  void set_addresses(std::vector<Multiaddr> addresses, Instant now);

  [[nodiscard]] Actions handle(const Datagram& datagram, Instant now);
  [[nodiscard]] Actions tick(Instant now);
  // When tick() has something to do next; nothing without an interface.
  [[nodiscard]] std::optional<Instant> next_wakeup() const;

  [[nodiscard]] std::size_t known_peers() const noexcept { return peers_.size(); }

  struct Counters {
    std::uint64_t accepted = 0, off_link = 0, over_budget = 0, malformed = 0;
  };
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  // A reply that waits for its random delay and for the second between replies.
  struct Reply {
    std::optional<Instant> due;
    std::optional<Instant> last;
  };
  struct Link {
    Interface interface;
    Instant started;
    std::size_t queries = 0;
    Instant next_query;
    Instant last_query;
    Reply announcement;
    Reply services;  // to _services._dns-sd._udp.local
  };

  [[nodiscard]] bool asks_about_us(const Question& question) const;
  void answer(Link& link, const Packet& packet, Instant now);
  void learn(const Packet& packet, bool from_this_machine, Actions& actions, Instant now);
  void query(Link& link, Actions& actions, Instant now);
  void schedule(Reply& reply, Instant now);
  [[nodiscard]] Instant after_interval(Instant now);
  [[nodiscard]] std::vector<Bytes> announcement(const Interface& interface) const;

  EngineConfig config_;
  Random& random_;
  Name instance_;      // PEER-NAME._p2p._udp.local
  Name host_;          // PEER-NAME.p2p.local
  Name all_services_;  // _services._dns-sd._udp.local
  std::map<unsigned, Link> links_;
  std::vector<Interface> interfaces_;
  std::vector<Multiaddr> addresses_;
  PacketBudget budget_;
  PeerTable peers_;
  Counters counters_;
};

}  // namespace libp2p::mdns
