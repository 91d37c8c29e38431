#include "libp2p/swarm/redial_schedule.hpp"

#include <algorithm>

namespace libp2p {

void RedialSchedule::keep(const PeerId& peer, bool connected, Instant now) {
  const auto [entry, fresh] = peers_.try_emplace(peer);
  if (!fresh) return;
  entry->second.state = connected ? Entry::State::connected : Entry::State::waiting;
  entry->second.due = now;
}

void RedialSchedule::wait_longer(Entry& entry, Instant now, double jitter) const {
  entry.state = Entry::State::waiting;
  entry.delay = entry.delay == Duration::zero() ? first_ : std::min(entry.delay * 2, cap_);
  const auto shortened = static_cast<double>(entry.delay.count()) * (1 - jitter / 4);
  entry.due = now + Duration(static_cast<Duration::rep>(shortened));
}

void RedialSchedule::connected(const PeerId& peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  found->second.state = Entry::State::connected;
  found->second.delay = {};
  found->second.seen_meanwhile = false;
}

void RedialSchedule::disconnected(const PeerId& peer, Instant now, double jitter) {
  const auto found = peers_.find(peer);
  if (found != peers_.end() && found->second.state == Entry::State::connected) {
    wait_longer(found->second, now, jitter);
  }
}

void RedialSchedule::failed(const PeerId& peer, Instant now, double jitter) {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || found->second.state != Entry::State::dialling) return;
  // What discovery told during the dial may be news that the dial didn't have.
  if (std::exchange(found->second.seen_meanwhile, false)) found->second.delay = {};
  wait_longer(found->second, now, jitter);
}

void RedialSchedule::seen(const PeerId& peer, Instant when) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  Entry& entry = found->second;
  entry.seen_meanwhile = entry.state == Entry::State::dialling;
  if (entry.state != Entry::State::waiting) return;
  entry.delay = {};
  entry.due = std::min(entry.due, when);
}

std::optional<PeerId> RedialSchedule::take_one_due(Instant now) {
  auto longest = peers_.end();
  for (auto it = peers_.begin(); it != peers_.end(); ++it) {
    if (it->second.state != Entry::State::waiting || it->second.due > now) continue;
    if (longest == peers_.end() || it->second.due < longest->second.due) longest = it;
  }
  if (longest == peers_.end()) return std::nullopt;
  longest->second.state = Entry::State::dialling;
  return longest->first;
}

std::optional<Instant> RedialSchedule::next_due() const {
  std::optional<Instant> next;
  for (const auto& [peer, entry] : peers_) {
    if (entry.state == Entry::State::waiting && (!next || entry.due < *next)) next = entry.due;
  }
  return next;
}

}  // namespace libp2p
