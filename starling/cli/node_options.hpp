// What `init` and `join` have in common: the node's name, where it listens, and what it serves.
#pragma once

#include <string>
#include <vector>

#include "libp2p/base/system_runtime.hpp"
#include "starling/daemon/state_dir.hpp"

namespace CLI {
class App;
}

namespace starling {

struct NodeArguments {
  std::string state;
  std::string name;
  std::vector<std::string> listen;
  std::vector<std::string> api;
  std::string data_plane = "none";
  bool take_fleet = false;

  void add_options(CLI::App& command);
  // Checked, with defaults filled in; the fleet is still to be set. Errors: invalid_argument, saying what
  // would do.
  [[nodiscard]] Result<NodeConfig> config(bool private_network) const;

 private:
  // Port 7117 on all interfaces by default, over TCP and QUIC; in a private network there is no QUIC.
  [[nodiscard]] Result<std::vector<Multiaddr>> listen_addresses(bool private_network) const;
};

// Makes the folder, the node's two keys and the configuration. Errors: exists, io.
struct NewNode {
  PrivateKey identity;
  X25519KeyPair encryption;
};
[[nodiscard]] Result<NewNode> create_node(const StateDir& state, const NodeConfig& config,
                                          libp2p::Random& random);

// Up to three addresses under which others reach a node that listens there: those of the machine's
// interfaces, and of each what it listens over, TCP first: it is what networks let through. Port 0 gives
// none: it is not known before the daemon runs.
[[nodiscard]] std::vector<Multiaddr> reachable_addresses(const std::vector<Multiaddr>& listen);

}  // namespace starling
