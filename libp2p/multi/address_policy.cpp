#include "libp2p/multi/address_policy.hpp"

#include <algorithm>
#include <array>

namespace libp2p {
namespace {

bool is_name(AddrProtocol protocol) noexcept {
  return protocol == AddrProtocol::dns || protocol == AddrProtocol::dns4 || protocol == AddrProtocol::dns6 ||
         protocol == AddrProtocol::dnsaddr;
}

// "localhost" and below, and names whose last label is a number: resolvers read those as IPv4 addresses, in
// forms such as 2130706433 and 127.1, without asking anybody.
bool is_name_of_an_address(std::string_view name) noexcept {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  constexpr std::string_view local = "localhost";
  const bool is_local = std::ranges::equal(last, local, [](char a, char b) { return (a | 0x20) == b; });
  const bool hexadecimal = last.starts_with("0x") || last.starts_with("0X");
  return is_local || hexadecimal || std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

// 224.0.0.0/4, 255.255.255.255 and what is reserved with it, 0.0.0.0/8; ff00::/8, and ::ffff:0:0/96, which is
// IPv4 in a disguise that no peer needs.
bool is_no_host(const AddrComponent& component) noexcept {
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const BytesView ip = component.value;
  if (component.protocol == AddrProtocol::ip4) return ip[0] >= 224 || ip[0] == 0;
  return component.protocol == AddrProtocol::ip6 && (ip[0] == 0xff || equal(ip.first(mapped.size()), mapped));
}

bool is_always_closed(const AddrComponent& component) noexcept {
  switch (component.protocol) {
    case AddrProtocol::unix_path:
    case AddrProtocol::ip6zone:
    case AddrProtocol::ipcidr:
    // A request whose path a peer chose is more than a knock on a door.
    case AddrProtocol::http_path:
      return true;
    default:
      return is_no_host(component) ||
             (is_name(component.protocol) && is_name_of_an_address(as_text(component.value)));
  }
}

bool is_ip(const AddrComponent& component) noexcept {
  return component.protocol == AddrProtocol::ip4 || component.protocol == AddrProtocol::ip6;
}

}  // namespace

bool is_dialable_from_remote(const Multiaddr& address, const RemoteAddressPolicy& policy) noexcept {
  const auto& components = address.components();
  if (components.empty() || std::ranges::any_of(components, is_always_closed)) return false;
  // What the ranges are asked about is the first component: an IP address must not hide behind another.
  if (std::any_of(components.begin() + 1, components.end(), is_ip)) return false;
  if (address.is_unspecified()) return false;
  if (address.is_loopback()) return policy.loopback;
  if (address.is_link_local()) return policy.link_local;
  return !address.is_private() || policy.private_ranges;
}

}  // namespace libp2p
