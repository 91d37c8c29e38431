#include "libp2p/swarm/black_hole.hpp"

#include <vector>

namespace libp2p {
namespace {

std::vector<PathKind> kinds_of(const Multiaddr& address) {
  if (address.is_loopback() || address.has(AddrProtocol::p2p_circuit)) return {};
  const bool near = address.is_private() || address.is_link_local();
  std::vector<PathKind> kinds;
  if (address.has(AddrProtocol::udp)) kinds.push_back(near ? PathKind::near_udp : PathKind::far_udp);
  if (address.has(AddrProtocol::ip6)) kinds.push_back(near ? PathKind::near_ipv6 : PathKind::far_ipv6);
  return kinds;
}

}  // namespace

void BlackHoleCounter::record(bool answered) {
  if (answered && blocked()) reset();
  trials_.push_back(answered);
  answered_ += answered ? 1 : 0;
  if (trials_.size() <= config_.window) return;
  answered_ -= trials_.front() ? 1 : 0;
  trials_.pop_front();
}

bool BlackHoleCounter::blocked() const noexcept {
  return trials_.size() >= config_.min_trials && answered_ * 100 < trials_.size() * config_.least_percent;
}

bool BlackHoleCounter::allow() noexcept {
  if (!blocked()) return true;
  if (++held_back_ < config_.probe_every) return false;
  held_back_ = 0;
  return true;
}

void BlackHoleCounter::reset() {
  trials_.clear();
  answered_ = held_back_ = 0;
}

std::string_view to_string(PathKind kind) noexcept {
  switch (kind) {
    case PathKind::near_udp:
      return "near_udp";
    case PathKind::far_udp:
      return "far_udp";
    case PathKind::near_ipv6:
      return "near_ipv6";
    case PathKind::far_ipv6:
      return "far_ipv6";
  }
  return "other";
}

BlackHoles::BlackHoles(BlackHoleConfig config) {
  for (BlackHoleCounter& one : counters_) one = BlackHoleCounter(config);
}

void BlackHoles::record(const Multiaddr& address, bool answered) {
  for (const PathKind kind : kinds_of(address)) counter(kind).record(answered);
}

void BlackHoles::reset() {
  for (BlackHoleCounter& one : counters_) one.reset();
}

bool BlackHoles::View::swallows(const Multiaddr& address) {
  bool any = false;
  for (const PathKind kind : kinds_of(address)) {
    std::optional<bool>& allowed = allowed_[static_cast<std::size_t>(kind)];
    if (!allowed) allowed = holes_->counter(kind).allow();
    any = any || !*allowed;
  }
  return any;
}

}  // namespace libp2p
