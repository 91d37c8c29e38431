// The command line of the peer, as the contract in ../README.md has it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libp2p/crypto/keys.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace interop {

enum class TransportKind : std::uint8_t { tcp, ws, wss, quic_v1 };
enum class SecurityKind : std::uint8_t { noise, tls };

struct Options {
  std::vector<libp2p::Multiaddr> listen;
  TransportKind transport = TransportKind::tcp;
  SecurityKind security = SecurityKind::noise;
  std::string psk_file;  // of a private network's key; empty: a public one
  std::string wss_cert;  // PEM files of what a wss listener shows; a dialler verifies nobody's
  std::string wss_key;
  bool early_muxer = true;
  bool mdns = false;
  bool gossip = false;
  libp2p::KeyType key = libp2p::KeyType::ed25519;
};

// Errors: invalid_argument, with the flag and what it takes.
[[nodiscard]] libp2p::Result<Options> parse_options(const std::vector<std::string>& arguments);

// By the names that the flags and the public test harnesses share. Errors: invalid_argument, with those there
// are.
[[nodiscard]] libp2p::Result<TransportKind> parse_transport(std::string_view name);
[[nodiscard]] libp2p::Result<SecurityKind> parse_security(std::string_view name);

}  // namespace interop
