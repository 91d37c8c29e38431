#include "libp2p/protocols/mdns/announcement.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

namespace libp2p::mdns {
namespace {

constexpr std::size_t max_address_records = 4;  // A and AAAA

Bytes build_packet(const Announcement& about, const std::vector<std::string>& texts, std::uint16_t port,
                   const std::vector<IpAddress>& ips) {
  PacketWriter out(true);
  out.answer_ptr(about.service, about.ttl_s, about.instance);
  out.additional_txt(about.instance, about.ttl_s, texts);
  // Readers of DNS-SD ask for these before they look at the TXT record; without an IP address there is
  // nothing to say.
  if (!ips.empty()) out.additional_srv(about.instance, about.ttl_s, port, about.host);
  for (const IpAddress& ip : ips) out.additional_address(about.host, about.ttl_s, ip);
  return out.take();
}

// Those of the interface's own networks first, else as they were.
void order_for(const Interface& interface, std::vector<Multiaddr>& addresses) {
  const auto is_near = [&](const Multiaddr& address) {
    const auto ip = ip_of(address);
    return ip && interface.is_on_link(*ip);
  };
  std::vector<Multiaddr> ordered;
  std::ranges::copy_if(addresses, std::back_inserter(ordered), is_near);
  std::ranges::copy_if(addresses, std::back_inserter(ordered), std::not_fn(is_near));
  addresses = std::move(ordered);
}

}  // namespace

std::vector<Bytes> build_announcement(const Announcement& about, std::vector<Multiaddr> addresses,
                                      const Interface& interface) {
  order_for(interface, addresses);
  if (addresses.size() > max_announced_addresses) addresses.resize(max_announced_addresses);

  std::vector<std::string> texts;
  std::vector<IpAddress> ips;
  std::uint16_t port = 0;
  for (const Multiaddr& address : addresses) {
    std::string text = "dnsaddr=" + address.with_peer(about.self.bytes()).to_string();
    if (text.size() > max_text_bytes) continue;
    texts.push_back(std::move(text));
    const auto ip = ip_of(address);
    if (!ip) continue;
    if (port == 0) port = address.port().value_or(0);
    if (ips.size() < max_address_records && std::ranges::find(ips, *ip) == ips.end()) ips.push_back(*ip);
  }

  std::vector<Bytes> packets;
  const std::size_t room = max_announcement_bytes - build_packet(about, {}, port, ips).size();
  for (auto from = texts.begin(); from != texts.end();) {
    std::size_t size = 0;
    auto to = from;
    while (to != texts.end() && (to == from || size + to->size() + 1 <= room)) size += to++->size() + 1;
    packets.push_back(build_packet(about, {from, to}, port, ips));
    from = to;
  }
  return packets;
}

}  // namespace libp2p::mdns
