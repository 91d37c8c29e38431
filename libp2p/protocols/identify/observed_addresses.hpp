// What others say our address is: hints, of which none is believed alone (identify/README.md, observedAddr).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "libp2p/multi/multiaddr.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p::identify {

struct ObservedAddressesConfig {
  // An address counts once so many observers in different networks (/16 of IPv4, /32 of IPv6) have seen it.
  std::size_t observers_needed = 4;
  // What a closed connection said still counts so long.
  Duration linger = std::chrono::minutes(30);
  std::size_t max_observations = 1024;
  std::size_t max_confirmed = 8;
};

// One opinion a connection. Behind a NAT the port of a connection that we opened is one of the moment, so an
// observation of it counts for the ports that we listen on, as they are where the NAT keeps them.
class ObservedAddresses {
 public:
  using Connection = std::uint64_t;

  explicit ObservedAddresses(ObservedAddressesConfig config = {}) : config_(config) {}

  struct Observation {
    Connection connection{};
    Direction direction{};  // of the connection
    Multiaddr observer;     // its remote address
    Multiaddr observed;     // what the remote side calls ours
  };
  // Loopback, private, link-local, relayed and portless addresses are not recorded, nor what observers say
  // who are themselves of such addresses: they are on our side of any NAT. `listening` are our listen
  // addresses. A later observation of a connection replaces its earlier one.
  void record(const Observation& observation, const std::vector<Multiaddr>& listening, Instant now);
  void connection_closed(Connection connection, Instant now);

  // Addresses with enough observers, those with most first.
  [[nodiscard]] std::vector<Multiaddr> confirmed(Instant now);
  [[nodiscard]] std::size_t size() const noexcept { return opinions_.size(); }

 private:
  struct Opinion {
    std::string network;               // of the observer
    std::vector<Multiaddr> addresses;  // ours, translated; one for each listener that it may be of
    std::optional<Instant> closed;
    std::uint64_t order{};
  };
  void expire(Instant now);
  bool make_room();

  ObservedAddressesConfig config_;
  std::map<Connection, Opinion> opinions_;
  std::uint64_t next_order_ = 0;
};

}  // namespace libp2p::identify
