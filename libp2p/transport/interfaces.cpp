#include "libp2p/transport/interfaces.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <optional>
#include <span>

namespace libp2p {
namespace {

std::optional<Multiaddr> ip_of(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* raw = nullptr;
  std::string prefix;
  if (address->sa_family == AF_INET) {
    raw = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    prefix = "/ip4/";
  } else if (address->sa_family == AF_INET6) {
    raw = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    prefix = "/ip6/";
  } else {
    return std::nullopt;
  }
  if (::inet_ntop(address->sa_family, raw, text.data(), text.size()) == nullptr) return std::nullopt;
  const auto parsed = Multiaddr::parse(prefix + text.data());
  return parsed ? std::optional(*parsed) : std::nullopt;
}

// The ones of a netmask; 0 where there is none.
unsigned count_bits(const sockaddr* mask) {
  if (mask == nullptr) return 0;
  std::span<const std::uint8_t> bytes;
  if (mask->sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in*>(mask)->sin_addr;
    bytes = {reinterpret_cast<const std::uint8_t*>(&v4), sizeof v4};
  } else if (mask->sa_family == AF_INET6) {
    bytes = reinterpret_cast<const sockaddr_in6*>(mask)->sin6_addr.s6_addr;
  }
  unsigned bits = 0;
  for (const std::uint8_t byte : bytes) bits += static_cast<unsigned>(std::popcount(byte));
  return bits;
}

// `address` with its first component replaced by `host`, which has only one, of the same kind and size.
std::optional<Multiaddr> with_host(const Multiaddr& address, const Multiaddr& host) {
  Bytes bytes = host.bytes();
  append(bytes, BytesView(address.bytes()).subspan(bytes.size()));
  const auto whole = Multiaddr::from_bytes(bytes);
  return whole ? std::optional(*whole) : std::nullopt;
}

}  // namespace

std::vector<InterfaceAddress> SystemInterfaces::addresses() const {
  std::vector<InterfaceAddress> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, &::freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if ((entry->ifa_flags & IFF_UP) == 0) continue;
    if (auto address = ip_of(entry->ifa_addr)) {
      found.push_back({entry->ifa_name, ::if_nametoindex(entry->ifa_name), std::move(*address),
                       (entry->ifa_flags & IFF_MULTICAST) != 0, (entry->ifa_flags & IFF_RUNNING) != 0,
                       count_bits(entry->ifa_netmask)});
    }
  }
  return found;
}

std::vector<Multiaddr> expand_unspecified(const std::vector<Multiaddr>& listening,
                                          const Interfaces& interfaces) {
  std::vector<Multiaddr> told;
  const auto tell = [&told](const Multiaddr& address) {
    if (std::ranges::find(told, address) == told.end()) told.push_back(address);
  };
  for (const Multiaddr& address : listening) {
    if (!address.is_unspecified()) {
      tell(address);
      continue;
    }
    const AddrProtocol family = address.components().front().protocol;
    std::vector<Multiaddr> reachable;
    std::vector<Multiaddr> loopback;
    for (const InterfaceAddress& entry : interfaces.addresses()) {
      if (entry.address.components().front().protocol != family || entry.address.is_link_local()) continue;
      (entry.address.is_loopback() ? loopback : reachable).push_back(entry.address);
    }
    for (const Multiaddr& host : reachable.empty() ? loopback : reachable) {
      if (const auto whole = with_host(address, host)) tell(*whole);
    }
  }
  return told;
}

}  // namespace libp2p
