// config.toml: what was said at `init` or `join`, and may be edited since.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/multi/multiaddr.hpp"
#include "libp2p/swarm/resource_limits.hpp"
#include "starling/model/ids.hpp"

namespace starling {

using libp2p::Multiaddr;

struct NodeConfig {
  FleetId fleet;
  std::string name;
  std::vector<Multiaddr> listen;
  std::vector<std::string> api;     // as HttpAddress::parse takes them
  std::string data_plane = "none";  // as DataPlaneSpec::parse takes it
  bool take_fleet = false;
  std::string drift = "heal";         // or "report"
  bool private_network = false;       // under the key in swarm.key
  std::vector<std::string> security;  // in order of preference: "noise", "tls"; empty: as libp2p has it
  std::string websocket_certificate;  // PEM files, for what listens on /tls/ws
  std::string websocket_key;
  std::string address;  // an IP address, for {{node.addr}}; empty: the first that is advertised at the start
  libp2p::ResourceLimits limits = {};  // [limits]: those that differ from the defaults

  // Errors: parse, with the line or the key and what would be right.
  [[nodiscard]] static Result<NodeConfig> from_toml(std::string_view text);
  // What init and join decide; the rest are keys for whoever edits the file.
  [[nodiscard]] std::string to_toml() const;
};

}  // namespace starling
