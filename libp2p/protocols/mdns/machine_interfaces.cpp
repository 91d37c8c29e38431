#include <map>

#include "libp2p/protocols/mdns/multicast_port.hpp"
#include "libp2p/transport/interfaces.hpp"

namespace libp2p::mdns {
namespace {

constexpr std::size_t max_interfaces = 64;
constexpr std::size_t max_prefixes = 32;

}  // namespace

std::vector<Interface> machine_interfaces() {
  std::map<unsigned, Interface> found;
  for (const InterfaceAddress& entry : SystemInterfaces().addresses()) {
    const auto address = ip_of(entry.address);
    if (!address || !entry.multicast || !entry.running || address->is_loopback() || entry.index == 0)
      continue;
    if (!found.contains(entry.index) && found.size() >= max_interfaces) continue;
    Interface& interface = found[entry.index];
    interface.index = entry.index;
    interface.name = entry.interface;
    if (interface.prefixes.size() < max_prefixes) interface.prefixes.push_back({*address, entry.prefix_bits});
  }
  std::vector<Interface> interfaces;
  interfaces.reserve(found.size());
  for (auto& [index, interface] : found) interfaces.push_back(std::move(interface));
  return interfaces;
}

}  // namespace libp2p::mdns
