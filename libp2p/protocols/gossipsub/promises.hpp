// Messages that peers have advertised and we have asked for (gossipsub-v1.1.md, Spam Protection Measures).
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/protocols/gossipsub/message.hpp"

namespace libp2p::gossipsub {

// Of each IWANT one id, drawn at random, is remembered: a peer that advertises what it doesn't have is found
// out by sampling. Whoever delivers the message fulfils the promise of all that advertised it.
class Promises {
 public:
  void add(const PeerId& peer, const MessageId& id, Instant expires);
  void fulfil(const MessageId& id);
  void forget(const PeerId& peer);
  // Takes out what has expired: a peer once for each promise it broke.
  [[nodiscard]] std::vector<PeerId> broken(Instant now);
  [[nodiscard]] std::size_t size() const noexcept { return by_id_.size(); }

 private:
  std::map<MessageId, std::map<PeerId, Instant>> by_id_;
};

}  // namespace libp2p::gossipsub
