// Swarms in memory that identify each other.
#pragma once

#include <memory>
#include <vector>

#include "libp2p/protocols/identify/identify.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {

struct IdentifiedWatch final : SwarmObserver {
  std::vector<PeerId> identified;
  void on_peer_identified(const PeerId& peer) override { identified.push_back(peer); }
};

struct IdentifyNode {
  IdentifyNode(Env env, TestNode& n, IdentifyConfig config)
      : node(n), identify(env, n.swarm, std::move(config)) {
    node.swarm.add_observer(watch);
  }
  [[nodiscard]] Swarm& swarm() { return node.swarm; }
  [[nodiscard]] const PeerId& id() const { return node.id; }

  TestNode& node;
  IdentifiedWatch watch;
  Identify identify;
};

class IdentifyNet : public SwarmNet {
 public:
  using SwarmNet::SwarmNet;
  ~IdentifyNet() {
    for (const auto& node : identifying_) {
      runtime.run(node->identify.stop());
      node->node.swarm.remove_observer(node->watch);
    }
  }

  IdentifyNode& add(IdentifyConfig config = {}) {
    IdentifyNode& node = add_silent(std::move(config));
    node.identify.start();
    return node;
  }
  // One whose identify has not been started.
  IdentifyNode& add_silent(IdentifyConfig config = {}) {
    identifying_.push_back(std::make_unique<IdentifyNode>(runtime.env(), SwarmNet::add(), std::move(config)));
    return *identifying_.back();
  }
  using SwarmNet::connect;
  [[nodiscard]] Result<> connect(IdentifyNode& from, IdentifyNode& to) { return connect(from.node, to.node); }

 private:
  std::vector<std::unique_ptr<IdentifyNode>> identifying_;
};

}  // namespace libp2p::test
