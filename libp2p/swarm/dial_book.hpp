// The dials under way, one a peer: who asks for the same peer shares it.
#pragma once

#include <map>
#include <memory>

#include "libp2p/swarm/connection_keeper.hpp"
#include "libp2p/swarm/dialer.hpp"

namespace libp2p::swarm {

class DialBook {
 public:
  DialBook(Env env, const SwarmConfig& config, Dialer& dialer, ConnectionKeeper& keeper, Peerstore& peerstore,
           TaskGroup& tasks, PeerId local);

  // As Swarm::connect. A caller that is cancelled leaves the dial to the others.
  [[nodiscard]] Task<Result<>> connect(PeerId peer, std::vector<Multiaddr> addresses);
  // The peer was seen at these addresses: if it is being dialled, there too.
  void seen(const PeerId& peer, const std::vector<Multiaddr>& addresses);
  // Whoever answers is taken.
  [[nodiscard]] Task<Result<PeerId>> connect_to_anybody(Multiaddr address);
  // The peer is reached; a dial of ours goes on only where its connection would be the one that is used.
  void on_reached(const PeerId& peer, Direction direction);
  // Ends all dials; later ones fail.
  void stop();

 private:
  struct Dial {
    Dial(Env env, const SwarmConfig& config, Dialer& dialer, const PeerId& peer)
        : race(env, config, dialer, peer), changed(env.executor) {}
    DialRace race;
    std::optional<Result<>> outcome;
    Notifier changed;
  };
  [[nodiscard]] Task<> run(PeerId peer, std::shared_ptr<Dial> dial);

  Env env_;
  const SwarmConfig& config_;
  Dialer& dialer_;
  ConnectionKeeper& keeper_;
  Peerstore& peerstore_;
  TaskGroup& tasks_;
  PeerId local_;
  bool stopped_ = false;
  std::map<PeerId, std::shared_ptr<Dial>> dials_;
};

}  // namespace libp2p::swarm
