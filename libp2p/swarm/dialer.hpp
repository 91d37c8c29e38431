// From addresses to a connection whose peer is proven.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "libp2p/base/task_group.hpp"
#include "libp2p/swarm/gater.hpp"
#include "libp2p/swarm/swarm_config.hpp"
#include "libp2p/transport/dns/resolver.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p::swarm {

using MuxedPtr = std::unique_ptr<MuxedConnection>;

class Dialer {
 public:
  struct Counters {
    std::uint64_t dials = 0;
    std::uint64_t failures = 0;
  };

  // `resolver` may be null: then names can't be dialled.
  Dialer(Env env, const SwarmConfig& config, std::span<const std::unique_ptr<Transport>> transports,
         Gater& gater, Resolver* resolver)
      : env_(env), config_(config), transports_(transports), gater_(gater), resolver_(resolver) {}

  // One address, no name, within config.dial_timeout. Errors: not_supported (no transport), refused (the
  // gater), timeout, and those of the transport.
  [[nodiscard]] Task<Result<MuxedPtr>> dial(Multiaddr address, std::optional<PeerId> expected);
  [[nodiscard]] Task<Result<std::vector<Multiaddr>>> resolve(Multiaddr address);
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  Env env_;
  const SwarmConfig& config_;
  std::span<const std::unique_ptr<Transport>> transports_;
  Gater& gater_;
  Resolver* resolver_;
  Counters counters_;
};

// One peer's addresses against each other: the first starts at once, each next one config.dial_stagger later
// or as soon as one has failed; the first connection wins.
class DialRace {
 public:
  // Each may cost many look-ups, and the peer itself may have told us of them.
  static constexpr std::size_t max_dnsaddrs = 4;

  DialRace(Env env, const SwarmConfig& config, Dialer& dialer, std::optional<PeerId> expected);

  // Also while it runs. Those that it has already are left out.
  void add(const std::vector<Multiaddr>& addresses);
  // run() then ends with Errc::closed, unless it has won.
  void give_up();
  // Once. Errors: not_found (no address), what all attempts failed with, or io when they differ; the message
  // has each address and its reason.
  [[nodiscard]] Task<Result<MuxedPtr>> run();

 private:
  [[nodiscard]] Task<Result<MuxedPtr>> race();
  [[nodiscard]] Task<> attempt(Multiaddr address);
  [[nodiscard]] Task<> look_up(Multiaddr address);
  [[nodiscard]] std::optional<PeerId> expected_at(const Multiaddr& address) const;
  void note_failure(const Multiaddr& address, const Error& error);
  [[nodiscard]] std::unexpected<Error> failure() const;

  Env env_;
  const SwarmConfig& config_;
  Dialer& dialer_;
  std::optional<PeerId> expected_;
  std::vector<Multiaddr> waiting_;  // best first
  std::set<Multiaddr> known_;
  std::map<Multiaddr, PeerId> named_;  // who is at an address, where that came with it and nobody is expected
  std::size_t dnsaddrs_ = 0;           // looked up
  std::size_t running_ = 0;
  bool hurry_ = true;  // start the next without waiting
  bool given_up_ = false;
  MuxedPtr winner_;
  std::vector<Error> failures_;
  std::string reasons_;
  Notifier changed_;
  TaskGroup attempts_;
};

}  // namespace libp2p::swarm
