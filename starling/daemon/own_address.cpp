#include "starling/daemon/own_address.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace starling {
namespace {

namespace ip = boost::asio::ip;

std::string text_of(const ip::address& address) {
  return address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
}

std::optional<ip::address> ip_of(const Multiaddr& address) {
  const std::vector<libp2p::AddrComponent>& components = address.components();
  if (components.empty()) return std::nullopt;
  const libp2p::AddrComponent& host = components.front();
  if (host.protocol == libp2p::AddrProtocol::ip4) {
    ip::address_v4::bytes_type bytes{};
    std::ranges::copy(host.value, bytes.begin());
    return ip::address_v4(bytes);
  }
  if (host.protocol == libp2p::AddrProtocol::ip6) {
    ip::address_v6::bytes_type bytes{};
    std::ranges::copy(host.value, bytes.begin());
    return ip::address_v6(bytes);
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> address_text(std::string_view ip) {
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(ip), error);
  if (error || (address.is_v6() && address.to_v6().scope_id() != 0))
    return libp2p::fail(libp2p::Errc::invalid_argument, libp2p::printable(ip) + " is no IP address");
  return text_of(address);
}

std::optional<std::string> own_address(const std::vector<Multiaddr>& advertised) {
  std::optional<ip::address> best;
  for (const Multiaddr& candidate : advertised) {
    if (candidate.is_loopback() || candidate.is_link_local() || candidate.is_unspecified()) continue;
    const auto address = ip_of(candidate);
    // Of asio's addresses any IPv4 is less than any IPv6.
    if (address && (!best || *address < *best)) best = address;
  }
  if (!best) return std::nullopt;
  return text_of(*best);
}

}  // namespace starling
