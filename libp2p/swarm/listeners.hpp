// What we listen on, and the connections that have arrived and are not proven yet.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <span>

#include "libp2p/swarm/connection_keeper.hpp"
#include "libp2p/swarm/resources.hpp"

namespace libp2p::swarm {

class Listeners {
 public:
  struct Counters {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t failed = 0;
  };

  Listeners(Env env, const SwarmConfig& config, std::span<const std::unique_ptr<Transport>> transports,
            Resources& resources, Gater& gater, ConnectionKeeper& keeper, TaskGroup& tasks);

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
    UpgradeAccount account;
  };
  using UpgradingMap = std::map<std::uint64_t, Upgrading>;  // in order of arrival

  [[nodiscard]] Task<> accept_loop(ListenerPtr listener);
  void take(PendingPtr pending);
  void note_refusal(const Multiaddr& remote, const Error& why);
  void make_room(const Multiaddr& remote);
  [[nodiscard]] UpgradingMap::const_iterator choose_victim(Limit full, const Multiaddr& remote) const;
  [[nodiscard]] Task<> upgrade(std::uint64_t number, PendingPtr pending);

  Env env_;
  const SwarmConfig& config_;
  std::span<const std::unique_ptr<Transport>> transports_;
  Resources& resources_;
  Gater& gater_;
  ConnectionKeeper& keeper_;
  TaskGroup& tasks_;
  bool closed_ = false;
  std::list<ListenerPtr> listeners_;
  std::uint64_t next_number_ = 1;
  UpgradingMap upgrading_;
  Counters counters_;
};

}  // namespace libp2p::swarm
