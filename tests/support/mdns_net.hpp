// Swarms in memory that are on one LAN in memory, too.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "libp2p/protocols/mdns/mdns.hpp"
#include "libp2p/protocols/mdns/virtual_lan.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {

// 10.0.0.N/16 for node N.
struct MdnsNode {
  MdnsNode(Env env, TestNode& n, mdns::VirtualLan& lan)
      : node(n),
        ip(boost::asio::ip::address_v4(0x0a000000U + static_cast<std::uint32_t>(n.number))),
        mdns(env, n.swarm, {.simulated = true}, lan.attach({ip, 16})) {
    mdns.set_handler([this](const PeerId& peer, const std::vector<Multiaddr>& addresses) {
      ++heard;
      found[peer] = addresses;
    });
    mdns.start();
  }

  TestNode& node;
  mdns::IpAddress ip;
  Mdns mdns;
  std::map<PeerId, std::vector<Multiaddr>> found;
  std::size_t heard = 0;
};

class MdnsNet : public SwarmNet {
 public:
  explicit MdnsNet(std::uint64_t seed = 1) : SwarmNet(seed), lan(runtime.env()) {}
  ~MdnsNet() {
    for (const auto& node : nodes) runtime.run(node->mdns.stop());
  }
  MdnsNode& add(NodeOptions options = {}) {
    nodes.push_back(std::make_unique<MdnsNode>(runtime.env(), SwarmNet::add(options), lan));
    return *nodes.back();
  }

  mdns::VirtualLan lan;
  std::vector<std::unique_ptr<MdnsNode>> nodes;
};

}  // namespace libp2p::test
