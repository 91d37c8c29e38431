// The reply to "find all peers" (discovery/mdns.md, Response and Find All Response).
#pragma once

#include <cstdint>
#include <vector>

#include "libp2p/identity/peer_id.hpp"
#include "libp2p/multi/multiaddr.hpp"
#include "libp2p/protocols/mdns/lan.hpp"
#include "libp2p/protocols/mdns/packet.hpp"

namespace libp2p::mdns {

struct Announcement {
  PeerId self;
  Name service;
  Name instance;
  Name host;
  std::uint32_t ttl_s{};
};

inline constexpr std::size_t max_announced_addresses = 32;

// Fits an Ethernet frame, so that nothing is fragmented.
inline constexpr std::size_t max_announcement_bytes = 1400;

// The addresses in one TXT record of many strings, since some readers keep only the last record of a name; in
// a second and third packet what a packet can't hold, those of the interface's own networks first. No
// addresses, no packet.
[[nodiscard]] std::vector<Bytes> build_announcement(const Announcement& about,
                                                    std::vector<Multiaddr> addresses,
                                                    const Interface& interface);

}  // namespace libp2p::mdns
