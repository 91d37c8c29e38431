// The round trips that were measured last, by network. Pure, and bounded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "libp2p/base/clock.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

// Addresses of one /24 of IPv4, or /48 of IPv6, are taken to be equally far.
class RoundTrips {
 public:
  static constexpr std::size_t max_networks = 512;

  // Makes room by forgetting what was noted longest ago.
  void note(const Multiaddr& remote, Duration rtt);
  [[nodiscard]] std::optional<Duration> of(const Multiaddr& address) const;
  [[nodiscard]] std::size_t size() const noexcept { return by_network_.size(); }
  void reset() { by_network_.clear(); }

 private:
  struct Entry {
    Duration rtt{};
    std::uint64_t noted = 0;  // grows from note to note
  };
  std::map<Bytes, Entry> by_network_;
  std::uint64_t notes_ = 0;
};

}  // namespace libp2p
