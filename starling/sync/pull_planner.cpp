#include "starling/sync/pull_planner.hpp"

#include <algorithm>
#include <tuple>

namespace starling {
namespace {

std::uint64_t seq_of(const VersionVector& vector, const ChainId& chain) {
  const auto head = vector.find(chain);
  return head == vector.end() ? 0 : head->second.seq;
}

bool forked(const VersionVector& vector, const ChainId& chain) {
  const auto head = vector.find(chain);
  return head != vector.end() && head->second.fork;
}

Duration pause_after(unsigned times, Duration first) {
  const unsigned doublings = std::min(times, 10U) - 1;
  return std::min<Duration>(first * (1U << doublings), PullPlanner::longest_pause);
}

std::uint64_t total(const std::vector<ChainRange>& ranges) {
  std::uint64_t records = 0;
  // A number that somebody made up is worth no more than a round.
  for (const ChainRange& range : ranges)
    records += std::min(range.last - range.first + 1, PullPlanner::round_records);
  return records;
}

}  // namespace

void PullPlanner::heard(const PeerId& id, const VersionVector& theirs, const VersionVector& ours,
                        Instant now) {
  Peer& peer = peers_[id];
  std::map<ChainId, Claim> before = std::exchange(peer.claims, {});
  peer.overflow = false;
  for (const auto& [chain, head] : theirs) {
    const auto mine = ours.find(chain);
    if (head.fork && (mine == ours.end() || !mine->second.fork || *head.fork < *mine->second.fork))
      peer.whole = true;
    // Two records with one number, and neither side knows of the other: together they are the proof.
    if (mine != ours.end() && !mine->second.fork && !head.fork && head.seq == mine->second.seq &&
        head.id != mine->second.id)
      peer.whole = true;
    const std::uint64_t from = seq_of(ours, chain);
    // Past a fork that we know nothing is missing but what is wanted by name.
    if (head.seq <= from || forked(ours, chain)) continue;
    if (peer.claims.size() == max_claims) {
      peer.overflow = true;
      break;
    }
    Claim claim{.heard = now, .from = from, .since = now};
    if (const auto known = before.find(chain); known != before.end()) claim = known->second;
    if (claim.seq != head.seq) claim.heard = now;
    claim.seq = head.seq;
    peer.claims.emplace(chain, claim);
  }
  note_progress(peer, ours, now);
}

void PullPlanner::reconsider() {
  for (auto& [id, peer] : peers_) {
    for (auto& [chain, claim] : peer.claims) claim.asleep_until = {};
  }
}

void PullPlanner::note_progress(Peer& peer, const VersionVector& ours, Instant now) {
  for (auto it = peer.claims.begin(); it != peer.claims.end();) {
    const std::uint64_t seq = seq_of(ours, it->first);
    if (seq >= it->second.seq || forked(ours, it->first)) {
      it = peer.claims.erase(it);
      continue;
    }
    if (seq > it->second.from) {
      it->second.from = seq;
      it->second.since = now;
      it->second.withheld = 0;
      it->second.asleep_until = {};
    }
    ++it;
  }
}

std::uint64_t PullPlanner::worth(const Peer& peer, const VersionVector& ours, Instant now) {
  std::uint64_t records = 0;
  for (const auto& [chain, claim] : peer.claims) {
    const std::uint64_t from = seq_of(ours, chain);
    if (claim.asleep_until <= now && claim.seq > from && !forked(ours, chain))
      records += std::min(claim.seq - from, round_records);
  }
  return records;
}

std::vector<const PeerId*> PullPlanner::candidates(const VersionVector& ours, Instant now) const {
  std::vector<std::tuple<unsigned, std::uint64_t, const PeerId*>> ranked;
  for (const auto& [id, peer] : peers_) {
    if (peer.asleep_until > now) continue;
    const std::uint64_t records = worth(peer, ours, now);
    if (records > 0 || peer.whole) ranked.emplace_back(peer.strikes, ~records, &id);
  }
  std::ranges::sort(ranked, {}, [](const auto& entry) {
    const auto& [strikes, records, id] = entry;
    return std::tie(strikes, records, *id);
  });
  std::vector<const PeerId*> ids;
  ids.reserve(ranked.size());
  for (const auto& entry : ranked) ids.push_back(std::get<2>(entry));
  return ids;
}

// Those who have the same things beyond ours, or nearly so: what all of them have is a set in which each
// record finds what it depends on, since each of theirs is one.
std::vector<PullPlanner::Ask> PullPlanner::share_out(const std::vector<const PeerId*>& peers,
                                                     const VersionVector& ours, Instant now) const {
  std::vector<const PeerId*> sharing;
  std::vector<ChainRange> ranges;
  for (const PeerId* id : peers) {
    const Peer& peer = peers_.at(*id);
    if (peer.whole || peer.overflow || peer.strikes > 0 || sharing.size() == max_shares) continue;
    std::vector<ChainRange> common;
    if (sharing.empty()) {
      for (const auto& [chain, claim] : peer.claims) {
        const std::uint64_t from = seq_of(ours, chain);
        if (claim.asleep_until <= now && claim.seq > from) common.push_back({chain, from + 1, claim.seq});
      }
    } else {
      for (const ChainRange& range : ranges) {
        const auto claim = peer.claims.find(range.chain);
        if (claim == peer.claims.end() || claim->second.asleep_until > now) continue;
        if (claim->second.seq < range.first) continue;
        common.push_back({range.chain, range.first, std::min(range.last, claim->second.seq)});
      }
      if (total(common) < total(ranges) / 2) continue;
    }
    if (total(common) < shared_from) continue;
    sharing.push_back(id);
    ranges = std::move(common);
  }
  std::vector<Ask> asks;
  const auto count = static_cast<std::uint32_t>(sharing.size());
  if (count < 2) return asks;
  for (std::uint32_t i = 0; i < count; ++i) asks.push_back({*sharing[i], ranges, {i, count}});
  return asks;
}

std::vector<PullPlanner::Ask> PullPlanner::plan(const VersionVector& ours, Instant now) const {
  const std::vector<const PeerId*> ids = candidates(ours, now);
  if (ids.empty()) return {};
  if (now >= alone_until_ && ids.size() > 1) {
    if (std::vector<Ask> asks = share_out(ids, ours, now); !asks.empty()) return asks;
  }
  return {Ask{*ids.front()}};
}

std::uint64_t PullPlanner::most_missing(const VersionVector& ours, Instant now) const {
  std::uint64_t most = 0;
  for (const auto& [id, peer] : peers_) {
    if (peer.asleep_until <= now) most = std::max(most, worth(peer, ours, now));
  }
  return most;
}

bool PullPlanner::has_alternative(const PeerId& peer, const VersionVector& ours, Instant now) const {
  return std::ranges::any_of(candidates(ours, now), [&peer](const PeerId* id) { return *id != peer; });
}

void PullPlanner::ended(const PeerId& id, bool in_order, Instant now) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  peer->second.whole = false;
  if (in_order) return;
  ++peer->second.strikes;
  peer->second.asleep_until = now + pause_after(peer->second.strikes, failure_pause);
}

void PullPlanner::settle_claims(Peer& peer, const Round& round, Instant now) {
  bool withheld = false;
  for (auto& [chain, claim] : peer.claims) {
    if (claim.heard > round.begun || claim.asleep_until > now) continue;
    claim.refused = round.refused.contains(chain);
    claim.asleep_until = now + pause_after(++claim.withheld, withheld_pause);
    withheld = withheld || !claim.refused;
  }
  peer.strikes = withheld ? peer.strikes + 1 : 0;
}

void PullPlanner::settle(const Round& round, const VersionVector& ours, Instant now) {
  for (auto& [id, peer] : peers_) note_progress(peer, ours, now);
  if (round.cut) return;
  for (const Ask& ask : round.asks) {
    const auto peer = peers_.find(ask.peer);
    // Of what several have in common each brings a share only: what is missing after that is asked for anew.
    if (peer != peers_.end() && ask.ranges.empty()) settle_claims(peer->second, round, now);
  }
}

std::optional<Instant> PullPlanner::next_change(Instant now) const {
  std::optional<Instant> next;
  const auto consider = [&](Instant at) {
    if (at > now && (!next || at < *next)) next = at;
  };
  for (const auto& [id, peer] : peers_) {
    consider(peer.asleep_until);
    for (const auto& [chain, claim] : peer.claims) consider(claim.asleep_until);
  }
  return next;
}

std::vector<Unfetchable> PullPlanner::unfetchable(const VersionVector& ours, Instant now,
                                                  Duration age) const {
  std::map<ChainId, Unfetchable> found;
  for (const auto& [id, peer] : peers_) {
    for (const auto& [chain, claim] : peer.claims) {
      if (claim.withheld == 0 || claim.refused || now - claim.since < age) continue;
      if (seq_of(ours, chain) >= claim.seq || forked(ours, chain)) continue;
      found.try_emplace(chain, Unfetchable{chain, claim.seq, id, claim.since});
    }
  }
  std::vector<Unfetchable> all;
  all.reserve(found.size());
  for (auto& [chain, one] : found) all.push_back(std::move(one));
  return all;
}

unsigned PullPlanner::strikes(const PeerId& peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? 0 : found->second.strikes;
}

}  // namespace starling
