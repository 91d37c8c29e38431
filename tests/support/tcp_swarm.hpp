// A swarm on real sockets of this machine.
#pragma once

#include <memory>
#include <vector>

#include "libp2p/swarm/swarm.hpp"
#include "libp2p/transport/tcp/tcp_transport.hpp"
#include "libp2p/transport/upgrader/upgrader.hpp"
#include "tests/support/peers.hpp"

namespace libp2p::test {

// Started; stop it before it goes.
struct TcpSwarm {
  TcpSwarm(Env env, std::uint64_t number, const SwarmConfig& config = {})
      : id(peer_number(number)), swarm(env, key_number(number), config, transports(env, number)) {
    swarm.start();
  }
  static std::vector<std::unique_ptr<Transport>> transports(Env env, std::uint64_t number) {
    std::vector<std::unique_ptr<Transport>> all;
    all.push_back(std::make_unique<UpgradedTransport>(
        std::make_unique<TcpTransport>(env), std::make_shared<const Upgrader>(env, key_number(number))));
    return all;
  }

  PeerId id;
  Swarm swarm;
};

}  // namespace libp2p::test
