// Which addresses that another peer told us of may be dialled: else any peer could point us at services of
// our own machine and network (ATTACKS MA06, MA07, ID13).
#pragma once

#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

// The ranges that are open to remote addresses. The default suits a node that meets others on a local
// network.
struct RemoteAddressPolicy {
  bool private_ranges = true;  // RFC 1918, unique local, carrier-grade NAT
  bool loopback = false;
  bool link_local = false;  // holds the metadata services of clouds
};

// False for unix paths, paths of HTTP, zones, masks, unspecified, broadcast and multicast addresses, names of
// this machine and IP addresses that are written as names, whatever the policy; and for what the policy
// closes. A name passes: what it resolves to must be asked about again.
[[nodiscard]] bool is_dialable_from_remote(const Multiaddr& address,
                                           const RemoteAddressPolicy& policy = {}) noexcept;

}  // namespace libp2p
