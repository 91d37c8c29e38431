#include "libp2p/protocols/gossipsub/config.hpp"

namespace libp2p {

Result<> GossipsubConfig::check() const {
  const auto broken = [](const char* rule) {
    return fail(Errc::invalid_argument, std::string("gossipsub: ") + rule);
  };
  if (d_low == 0 || d_low > d || d > d_high) return broken("0 < d_low <= d <= d_high must hold");
  if (d_out >= d_low || d_out > d / 2) return broken("d_out must be below d_low and at most d / 2");
  if (gossip_factor < 0 || gossip_factor > 1) return broken("gossip_factor must lie in [0, 1]");
  if (history_gossip == 0 || history_gossip > history_length)
    return broken("0 < history_gossip <= history_length must hold");
  if (heartbeat <= Duration::zero()) return broken("heartbeat must be positive");
  if (prune_backoff > max_backoff || unsubscribe_backoff > max_backoff)
    return broken("a back-off is above max_backoff");
  if (max_message_bytes + 16 > max_rpc_bytes)
    return broken("max_message_bytes doesn't fit into max_rpc_bytes");
  if (seen_capacity == 0 || backoff_capacity == 0) return broken("a cache can't have room for nothing");
  if (outbox_bytes < max_rpc_bytes) return broken("outbox_bytes must hold one RPC");
  return {};
}

}  // namespace libp2p
