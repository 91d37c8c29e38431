// Who protects which peer from the idle policy, and what others are worth when there is no room for all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
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

  // 0 takes the tag away.
  void set_weight(const PeerId& peer, std::string_view tag, int weight) {
    auto& weights = weights_[peer];
    weights.insert_or_assign(std::string(tag), weight);
    if (weight == 0) weights.erase(std::string(tag));
    if (weights.empty()) weights_.erase(peer);
  }
  // The sum of its tags.
  [[nodiscard]] int weight(const PeerId& peer) const {
    const auto found = weights_.find(peer);
    if (found == weights_.end()) return 0;
    std::int64_t sum = 0;
    for (const auto& [tag, weight] : found->second) sum += weight;
    return static_cast<int>(
        std::clamp<std::int64_t>(sum, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
  }

 private:
  std::map<PeerId, std::map<std::string, int, std::less<>>> weights_;  // no empty entries
  std::map<PeerId, std::set<std::string, std::less<>>> tags_;          // no empty entries
};

}  // namespace libp2p::swarm
