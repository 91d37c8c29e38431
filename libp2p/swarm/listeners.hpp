// What we listen on, and the connections that have arrived and are not proven yet.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <span>

#include "libp2p/swarm/connection_keeper.hpp"

namespace libp2p::swarm {

class Listeners {
 public:
  struct Counters {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t failed = 0;
  };

  Listeners(Env env, const SwarmConfig& config, std::span<const std::unique_ptr<Transport>> transports,
            Gater& gater, ConnectionKeeper& keeper, TaskGroup& tasks);

  // As Swarm::listen.
  [[nodiscard]] Task<Result<Multiaddr>> listen(Multiaddr address);
  [[nodiscard]] std::vector<Multiaddr> addresses() const;
  // Ends all listeners and aborts what is being upgraded.
  void close();

  [[nodiscard]] std::size_t upgrading() const noexcept { return upgrading_.size(); }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  using ListenerPtr = std::shared_ptr<ConnectionListener>;
  using PendingPtr = std::shared_ptr<ConnectionListener::Pending>;
  struct Upgrading {
    PendingPtr pending;
    Bytes network;  // whose connections count together
  };

  [[nodiscard]] Task<> accept_loop(ListenerPtr listener);
  void take(PendingPtr pending);
  void make_room();
  [[nodiscard]] Task<> upgrade(std::uint64_t number, PendingPtr pending);

  Env env_;
  const SwarmConfig& config_;
  std::span<const std::unique_ptr<Transport>> transports_;
  Gater& gater_;
  ConnectionKeeper& keeper_;
  TaskGroup& tasks_;
  bool closed_ = false;
  std::list<ListenerPtr> listeners_;
  std::uint64_t next_number_ = 1;
  std::map<std::uint64_t, Upgrading> upgrading_;  // in order of arrival
  Counters counters_;
};

}  // namespace libp2p::swarm
