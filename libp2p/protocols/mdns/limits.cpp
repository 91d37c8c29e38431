#include "libp2p/protocols/mdns/limits.hpp"

#include <algorithm>

namespace libp2p::mdns {

bool PacketBudget::Meter::admit(unsigned per_second, Instant now) {
  const Duration share = std::chrono::duration_cast<Duration>(std::chrono::seconds(1)) / per_second;
  const Instant next = std::max(whole_at, now) + share;
  if (next - now > std::chrono::seconds(1)) return false;
  whole_at = next;
  return true;
}

bool PacketBudget::admit(const IpAddress& source, bool own_machine, Instant now) {
  if (!own_machine) {
    if (sources_.size() >= max_sources && !sources_.contains(source)) expire(now);
    if (sources_.size() >= max_sources && !sources_.contains(source)) return false;
    if (!sources_[source].admit(per_source_, now)) return false;
  }
  return all_.admit(in_all_, now);
}

void PacketBudget::expire(Instant now) {
  std::erase_if(sources_, [now](const auto& source) { return source.second.whole_at <= now; });
}

bool PeerTable::heard(const PeerId& peer, const std::vector<Multiaddr>& addresses, Instant now) {
  const auto known = by_peer_.find(peer);
  if (known != by_peer_.end()) {
    Entry& entry = known->second;
    entry.heard = now;
    by_age_.splice(by_age_.end(), by_age_, entry.place);
    if (entry.addresses == addresses && now - entry.told < repeat_after_) return false;
    entry.addresses = addresses;
    entry.told = now;
    return true;
  }
  if (by_peer_.size() >= capacity_) {
    by_peer_.erase(by_age_.front());
    by_age_.pop_front();
  }
  by_age_.push_back(peer);
  by_peer_.emplace(peer, Entry{addresses, now, now, std::prev(by_age_.end())});
  return true;
}

void PeerTable::expire(Instant before) {
  while (!by_age_.empty() && by_peer_.at(by_age_.front()).heard < before) {
    by_peer_.erase(by_age_.front());
    by_age_.pop_front();
  }
}

}  // namespace libp2p::mdns
