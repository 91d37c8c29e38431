// A LAN in memory, for simulation and tests.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "libp2p/base/env.hpp"
#include "libp2p/protocols/mdns/multicast_port.hpp"

namespace libp2p::mdns {

// Carries each datagram to every port that is plugged in, its sender's included. Ports and LAN may go in any
// order.
class VirtualLan {
 public:
  // Whether a datagram gets from one port to another; by default always.
  using Filter = std::function<bool(const IpAddress& from, const IpAddress& to)>;

  explicit VirtualLan(Env env, Duration latency = std::chrono::milliseconds(1));
  ~VirtualLan();

  // A port with one interface, whose only address this is; one port an address.
  [[nodiscard]] std::unique_ptr<MulticastPort> attach(const Prefix& address);
  // The cable of the port with that address; a port notices at its next rescan().
  void set_plugged(const IpAddress& address, bool plugged);
  void set_filter(Filter filter);
  // As if sent by somebody with that address, who needs no port.
  void inject(const IpAddress& from, BytesView packet);
  // Datagrams sent by ports so far.
  [[nodiscard]] std::uint64_t sent() const noexcept;

 private:
  class Port;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace libp2p::mdns
