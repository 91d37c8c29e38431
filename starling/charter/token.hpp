// What an operator pastes on the next machine.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/multi/multiaddr.hpp"
#include "starling/model/record.hpp"

namespace starling {

using libp2p::Multiaddr;

// Everything a joiner needs: which fleet (the hash of its genesis, so a token also proves the fleet), whom to
// ask, and the private half of the invite's key, which never crosses the wire.
struct JoinToken {
  static constexpr std::size_t max_addresses = 3;

  FleetId fleet;
  PeerId issuer;                     // the node to dial
  std::vector<Multiaddr> addresses;  // of it; without /p2p
  std::array<std::uint8_t, 32> seed{};

  // Lower-case base32 of version, fields and a checksum.
  [[nodiscard]] std::string to_string() const;
  // White space around it is ignored. Errors: parse, saying whether it was cut, mistyped (checksum), holds
  // characters that no token has (named by offset), or is of a newer version (JT12).
  [[nodiscard]] static Result<JoinToken> parse(std::string_view text);

  [[nodiscard]] PrivateKey invite_key() const { return PrivateKey::ed25519_from_seed(seed); }
};

}  // namespace starling
