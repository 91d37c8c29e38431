// The addresses of this machine, as a dependency: they differ in simulation, and change while a daemon runs.
#pragma once

#include <string>
#include <vector>

#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

struct InterfaceAddress {
  std::string interface;   // "eth0"
  unsigned index{};        // of the interface
  Multiaddr address;       // one component, /ip4/… or /ip6/…
  bool multicast = false;  // the interface can send to groups
  bool running = true;     // has its carrier
  unsigned prefix_bits{};  // of the network the address stands in
};

class Interfaces {
 public:
  virtual ~Interfaces() = default;
  // Those of interfaces that are up, in the system's order.
  [[nodiscard]] virtual std::vector<InterfaceAddress> addresses() const = 0;
};

// getifaddrs, asked afresh each time.
class SystemInterfaces final : public Interfaces {
 public:
  [[nodiscard]] std::vector<InterfaceAddress> addresses() const override;
};

// What others can be told of where we listen: unspecified addresses become those of the machine's interfaces
// of that family. Link-local ones are left out, and loopback where there is anything else.
[[nodiscard]] std::vector<Multiaddr> expand_unspecified(const std::vector<Multiaddr>& listening,
                                                        const Interfaces& interfaces);

}  // namespace libp2p
