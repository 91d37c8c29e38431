// The command line of the peer, as the contract in ../README.md has it.
#pragma once

#include <string>
#include <vector>

#include "libp2p/crypto/keys.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace interop {

struct Options {
  std::vector<libp2p::Multiaddr> listen;
  bool early_muxer = true;
  bool mdns = false;
  bool gossip = false;
  libp2p::KeyType key = libp2p::KeyType::ed25519;
};

// Errors: invalid_argument, with the flag and what it takes.
[[nodiscard]] libp2p::Result<Options> parse_options(const std::vector<std::string>& arguments);

}  // namespace interop
