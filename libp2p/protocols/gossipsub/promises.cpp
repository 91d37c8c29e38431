#include "libp2p/protocols/gossipsub/promises.hpp"

namespace libp2p::gossipsub {

void Promises::add(const PeerId& peer, const MessageId& id, Instant expires) {
  by_id_[id].try_emplace(peer, expires);  // asked again, it doesn't get longer
}

void Promises::fulfil(const MessageId& id) { by_id_.erase(id); }

void Promises::forget(const PeerId& peer) {
  for (auto it = by_id_.begin(); it != by_id_.end();) {
    it->second.erase(peer);
    it = it->second.empty() ? by_id_.erase(it) : std::next(it);
  }
}

std::vector<PeerId> Promises::broken(Instant now) {
  std::vector<PeerId> peers;
  for (auto it = by_id_.begin(); it != by_id_.end();) {
    for (auto promise = it->second.begin(); promise != it->second.end();) {
      if (promise->second > now) {
        ++promise;
        continue;
      }
      peers.push_back(promise->first);
      promise = it->second.erase(promise);
    }
    it = it->second.empty() ? by_id_.erase(it) : std::next(it);
  }
  return peers;
}

}  // namespace libp2p::gossipsub
