// The connections of one peer: it listens, dials, upgrades, keeps one connection a peer, and routes streams
// to protocols.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/crypto/keys.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/io/stream.hpp"
#include "libp2p/multi/multiaddr.hpp"
#include "libp2p/swarm/gater.hpp"
#include "libp2p/swarm/peerstore.hpp"
#include "libp2p/swarm/swarm_config.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p {

class Interfaces;
class Resolver;
struct SwarmMetrics;
namespace swarm {
struct ResourceUsage;
}

using ConnectionId = std::uint64_t;

struct ConnectionInfo {
  ConnectionId id{};
  PeerId peer;
  PublicKey key;
  Direction direction{};
  Multiaddr local;
  Multiaddr remote;  // without /p2p
  Instant opened;
  std::string security;  // "/noise"
  std::string muxer;     // "/yamux/1.0.0"
  bool early_muxer = false;
  bool restricted = false;  // the gater has not admitted it fully (yet)
  bool superseded = false;  // another connection to the same peer is used instead
  std::optional<Duration> rtt;
  std::size_t streams = 0;
};

// A stream that a peer opened and whose protocol has been negotiated.
struct InboundStream {
  StreamPtr stream;
  PeerId peer;
  ConnectionId connection{};
  std::string protocol;
  bool restricted = false;
};
using StreamHandler = std::function<Task<>(InboundStream)>;

// What happens in a swarm. Called from the executor, never from inside a call into the swarm. Restricted
// connections raise nothing until they are promoted.
class SwarmObserver {
 public:
  virtual ~SwarmObserver() = default;
  // The first (unrestricted) connection to a peer is up; the last is gone.
  virtual void on_peer_connected(const PeerId& /*peer*/) {}
  virtual void on_peer_disconnected(const PeerId& /*peer*/) {}
  // Each (unrestricted) connection.
  virtual void on_connection_opened(const ConnectionInfo& /*connection*/) {}
  virtual void on_connection_closed(const ConnectionInfo& /*connection*/, const Error& /*why*/) {}
  // Another connection to the same peer is used from now on (both sides had dialled, or the peer came again).
  // This one goes once its last stream has ended: long-lived streams on it should be opened anew and closed.
  virtual void on_connection_superseded(const ConnectionInfo& /*connection*/) {}
  // What the peer speaks has become known or has changed (identify wrote it to the peerstore).
  virtual void on_peer_identified(const PeerId& /*peer*/) {}
  // Listeners came or went, or our own protocols changed: identify-push has something to say.
  virtual void on_local_change() {}
};

class Swarm {
 public:
  // `gater` and the peerstore's file may be null; both must outlive the swarm. So may the resolver (then
  // names can't be dialled) and the interfaces (then they are the machine's). Nothing happens before start().
  Swarm(Env env, PrivateKey identity, SwarmConfig config, std::vector<std::unique_ptr<Transport>> transports,
        Gater* gater = nullptr, PeerstoreFile* peerstore_file = nullptr, Resolver* resolver = nullptr,
        const Interfaces* interfaces = nullptr);
  Swarm(const Swarm&) = delete;
  Swarm& operator=(const Swarm&) = delete;
  ~Swarm();

  // Reads the peerstore's file; what can't be read is logged and left out.
  void start();
  // Closes listeners and connections, ends all handlers, joins everything.
  [[nodiscard]] Task<> stop();

  [[nodiscard]] const PeerId& local_peer() const noexcept;
  [[nodiscard]] const PrivateKey& identity() const noexcept;

  // Listening. Port 0 takes a free one. Errors: not_supported (no transport), io (with the address).
  [[nodiscard]] Task<Result<Multiaddr>> listen(Multiaddr address);
  // The bound addresses as they stand ("/ip4/0.0.0.0/tcp/7117").
  [[nodiscard]] std::vector<Multiaddr> listen_addresses() const;
  // What others can be told: unspecified addresses resolved to those of the machine's interfaces.
  [[nodiscard]] std::vector<Multiaddr> advertised_addresses() const;

  // Dialling. Returns at once when connected. Uses `addresses` and what the peerstore knows; every candidate
  // is bounded by config.dial_timeout. Concurrent calls for one peer share one dial. Errors name each address
  // and its reason.
  [[nodiscard]] Task<Result<>> connect(PeerId peer, std::vector<Multiaddr> addresses = {});
  // An address that ends in /p2p/ID, or one without: then whoever answers is taken.
  [[nodiscard]] Task<Result<PeerId>> dial(Multiaddr address);
  void disconnect(const PeerId& peer);
  void close_connection(ConnectionId connection);

  [[nodiscard]] bool is_connected(const PeerId& peer) const;  // unrestricted only
  [[nodiscard]] std::vector<PeerId> connected_peers() const;  // in order of peer id
  [[nodiscard]] std::vector<ConnectionInfo> connections() const;
  [[nodiscard]] std::vector<ConnectionInfo> connections(const PeerId& peer) const;

  // Streams. Opens one on a connection that exists and negotiates the first of `protocols` that the peer
  // speaks; with one protocol lazily, where `lazy` allows. Errors: not_found (not connected), not_supported,
  // limit (config.limits), timeout, reset.
  struct OpenedStream {
    StreamPtr stream;
    std::string protocol;
    ConnectionId connection{};
  };
  [[nodiscard]] Task<Result<OpenedStream>> open_stream(PeerId peer, std::vector<std::string> protocols,
                                                       bool lazy = true);
  // On one connection, also a restricted one (joining).
  [[nodiscard]] Task<Result<OpenedStream>> open_stream_on(ConnectionId connection,
                                                          std::vector<std::string> protocols,
                                                          bool lazy = true);
  // The swarm runs `handler` as a task of its own for each inbound stream; the handler object is kept until
  // its last run has ended. Names are unique: a second handler for a protocol is a programming fault.
  void set_handler(std::string protocol, StreamHandler handler);
  void remove_handler(std::string_view protocol);
  [[nodiscard]] std::vector<std::string> protocols() const;  // sorted

  // A restricted connection has proved itself: all protocols, no time limit, and observers are told.
  void promote(ConnectionId connection);
  // The gater's answers have changed: asks it again for every connection, closes what is refused now.
  void recheck_admissions();

  // The idle policy never closes a connection to a peer that somebody protects. `tag` is the protector's
  // name.
  void protect(const PeerId& peer, std::string_view tag);
  void unprotect(const PeerId& peer, std::string_view tag);
  // What others are worth when a connection has to give way for a new one: those with less go first. 0 takes
  // the tag away; the weights of a peer's tags add up.
  void set_weight(const PeerId& peer, std::string_view tag, int weight);

  // Members of a fleet, bootstrap peers: redialled for as long as they are kept. The back-off starts at 250
  // ms, caps at 5 s, and starts over when the peer is seen again (seen(), or an inbound connection). Keeping
  // implies protecting.
  void keep_connected(const PeerId& peer);
  void release(const PeerId& peer);
  // Discovery saw `peer` at `addresses` just now: a dial that is under way takes them in.
  void seen(const PeerId& peer, std::vector<Multiaddr> addresses);

  [[nodiscard]] Peerstore& peerstore() noexcept;
  // For identify: tells the observers that the peerstore has the peer's protocols.
  void notify_identified(const PeerId& peer);

  void add_observer(SwarmObserver& observer);
  void remove_observer(SwarmObserver& observer);

  struct Counters {
    std::uint64_t dials = 0, dial_failures = 0, inbound_accepted = 0, inbound_refused = 0,
                  upgrades_failed = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::size_t connections = 0, restricted = 0, upgrading = 0, handlers_escaped = 0;
  };
  [[nodiscard]] Counters counters() const;
  // Who holds what of config.limits.
  [[nodiscard]] swarm::ResourceUsage resource_usage() const;
  // All that is counted (swarm/metrics.hpp).
  [[nodiscard]] SwarmMetrics metrics() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace libp2p
