// The seam between mDNS and the network: real sockets, or a LAN in memory.
#pragma once

#include <functional>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/protocols/mdns/engine.hpp"
#include "libp2p/protocols/mdns/lan.hpp"

namespace libp2p::mdns {

// One place on one or several LANs. Owned by Mdns.
class MulticastPort {
 public:
  MulticastPort() = default;
  MulticastPort(const MulticastPort&) = delete;
  MulticastPort& operator=(const MulticastPort&) = delete;
  virtual ~MulticastPort() = default;

  // Looks at the interfaces again, opens what came and closes what went. What can be used now.
  [[nodiscard]] virtual std::vector<Interface> rescan() = 0;
  // Waits for a datagram that was sent to the group. Errors: closed, after stop().
  [[nodiscard]] virtual Task<Result<Datagram>> receive() = 0;
  // To the group, over each IP version that the interface has. What can't be sent now is lost, as multicast
  // may be.
  virtual void send(unsigned interface, BytesView packet) = 0;
  // Closes all and joins; before destruction.
  [[nodiscard]] virtual Task<> stop() = 0;
};

// The interfaces of this machine that are up and can multicast, at most 64, in order of their index; no
// loopback.
[[nodiscard]] std::vector<Interface> machine_interfaces();

// Sockets on 224.0.0.251:5353 and [ff02::fb]:5353, one for each interface and IP version, shared with every
// other responder of the machine, and heard by them. `list` is what tells the interfaces.
[[nodiscard]] std::unique_ptr<MulticastPort> make_system_port(
    Env env, std::function<std::vector<Interface>()> list = machine_interfaces);

}  // namespace libp2p::mdns
