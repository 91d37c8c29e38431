// Numbered keys, peers and addresses for tests.
#pragma once

#include <array>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "libp2p/crypto/keys.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p::test {

inline PrivateKey key_number(std::uint64_t number) {
  std::array<std::uint8_t, 32> seed{};
  store_be(number, seed.data());
  return PrivateKey::ed25519_from_seed(seed);
}

inline PeerId peer_number(std::uint64_t number) {
  return PeerId::from_public_key(key_number(number).public_key());
}

inline Multiaddr multiaddr(std::string_view text) { return Multiaddr::parse(text).value(); }

inline std::vector<Multiaddr> multiaddrs(std::initializer_list<std::string_view> texts) {
  std::vector<Multiaddr> addresses;
  for (const std::string_view text : texts) addresses.push_back(multiaddr(text));
  return addresses;
}

}  // namespace libp2p::test
