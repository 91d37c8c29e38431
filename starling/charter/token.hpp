// What an operator pastes on the next machine.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/multi/multiaddr.hpp"
#include "libp2p/security/pnet/psk.hpp"
#include "starling/model/record.hpp"

namespace starling {

using libp2p::Multiaddr;
using libp2p::PreSharedKey;

// Everything a joiner needs: which fleet (the hash of its genesis, so a token also proves the fleet), whom to
// ask, and the private half of the invite's key, which never crosses the wire.
struct JoinToken {
  static constexpr std::size_t max_addresses = 3;

  FleetId fleet;
  PeerId issuer;                     // the node to dial
  std::vector<Multiaddr> addresses;  // of it; without /p2p
  std::array<std::uint8_t, 32> seed{};
  std::optional<PreSharedKey> network_key{};  // where the fleet's network is private

  // Lower-case base32 of version, fields and a checksum. Version 1 knows no network key, and would try to
  // join without it: a token that has one is of version 2, which says so to whoever doesn't know it.
  [[nodiscard]] std::string to_string() const;
  // White space around it is ignored. Errors: parse, saying whether it was cut, mistyped (checksum), holds
  // characters that no token has (named by offset), or is of a newer version (JT12). It never repeats the
  // token.
  [[nodiscard]] static Result<JoinToken> parse(std::string_view text);

  [[nodiscard]] PrivateKey invite_key() const { return PrivateKey::ed25519_from_seed(seed); }
};

}  // namespace starling
