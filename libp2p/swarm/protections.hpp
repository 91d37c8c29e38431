// Who protects which peer from the idle policy.
#pragma once

#include <map>
#include <set>
#include <string>

#include "libp2p/identity/peer_id.hpp"

namespace libp2p::swarm {

class Protections {
 public:
  void add(const PeerId& peer, std::string_view tag) { tags_[peer].emplace(tag); }
  void remove(const PeerId& peer, std::string_view tag) {
    const auto found = tags_.find(peer);
    if (found == tags_.end()) return;
    if (const auto at = found->second.find(tag); at != found->second.end()) found->second.erase(at);
    if (found->second.empty()) tags_.erase(found);
  }
  [[nodiscard]] bool covers(const PeerId& peer) const { return tags_.contains(peer); }

 private:
  std::map<PeerId, std::set<std::string, std::less<>>> tags_;  // no empty entries
};

}  // namespace libp2p::swarm
