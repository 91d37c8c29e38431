#include "libp2p/swarm/dial_plan.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "libp2p/transport/dns/resolver.hpp"

namespace libp2p {
namespace {

// What is tried together, in the order of its start.
enum class Group : std::uint8_t { lookup, near, far, relayed, loopback, black_hole };

// A known round trip makes waits longer by so much at most: beyond it the path is as good as dead.
constexpr int most_slower = 4;

Group group_of(const Multiaddr& address, const PathKnowledge& known) {
  if (needs_resolution(address)) return Group::lookup;
  if (address.has(AddrProtocol::p2p_circuit)) return Group::relayed;
  if (address.has(AddrProtocol::memory)) return Group::near;
  if (address.is_loopback()) return Group::loopback;
  if (known.black_hole && known.black_hole(address)) return Group::black_hole;
  return address.is_private() || address.is_link_local() ? Group::near : Group::far;
}

Duration scaled(Duration wait, double factor) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(wait.count()) * factor));
}

// The waits of a group, by the slowest round trip that is known in it.
DialPace pace_of(const std::vector<Multiaddr>& group, DialPace pace, Duration least,
                 const PathKnowledge& known) {
  if (!known.rtt) return pace;
  std::optional<Duration> slowest;
  for (const Multiaddr& address : group) {
    if (const auto rtt = known.rtt(address)) slowest = std::max(slowest.value_or(Duration::zero()), *rtt);
  }
  if (!slowest || pace.behind <= Duration::zero()) return pace;
  const Duration most = std::max(pace.behind * most_slower, least);
  const Duration behind = std::clamp(std::min(*slowest, most) * 2, std::min(least, most), most);
  const double factor = static_cast<double>(behind.count()) / static_cast<double>(pace.behind.count());
  return {.family = scaled(pace.family, factor), .behind = behind, .other = scaled(pace.other, factor)};
}

// Kind after kind, and of each kind the families side by side. `expected` are kinds of which addresses are
// still being looked up.
void plan_group(const std::vector<Multiaddr>& group, const std::set<TransportKind>& expected, Duration start,
                const DialPace& pace, bool black_hole, std::multimap<Duration, PlannedDial>& plan) {
  std::map<TransportKind, std::vector<Multiaddr>> lanes;
  for (const TransportKind kind : expected) lanes[kind];
  for (const Multiaddr& address : group) lanes[transport_kind(address)].push_back(address);
  bool first = true;
  for (const auto& [kind, lane] : lanes) {
    if (!first) start += kind > TransportKind::secure_websocket ? pace.other : pace.behind;
    first = false;
    const auto is_v6 = [](const Multiaddr& address) { return address.has(AddrProtocol::ip6); };
    const bool both = std::ranges::any_of(lane, is_v6) && !std::ranges::all_of(lane, is_v6);
    Duration next_v6 = start;
    Duration next_v4 = start + (both ? pace.family : Duration::zero());
    for (const Multiaddr& address : lane) {
      Duration& next = is_v6(address) ? next_v6 : next_v4;
      plan.emplace(next, PlannedDial{.address = address,
                                     .kind = kind,
                                     .delay = next,
                                     .patience = both && is_v6(address) ? pace.family : pace.behind,
                                     .black_hole = black_hole});
      next += pace.behind;
    }
  }
}

}  // namespace

std::vector<PlannedDial> dial_plan(const std::vector<Multiaddr>& addresses, const DialPaces& paces,
                                   const PathKnowledge& known) {
  std::map<Group, std::vector<Multiaddr>> groups;
  std::set<Multiaddr> seen;
  for (const Multiaddr& address : addresses) {
    Multiaddr plain = address.without_peer();
    if (plain.empty() || !seen.insert(plain).second) continue;
    const Group group = group_of(plain, known);
    groups[group].push_back(std::move(plain));
  }

  std::multimap<Duration, PlannedDial> plan;  // of equal delays in this order
  std::set<TransportKind> named;
  for (const Multiaddr& name : groups[Group::lookup]) {
    named.insert(transport_kind(name));
    plan.emplace(Duration::zero(),
                 PlannedDial{.address = name, .kind = transport_kind(name), .patience = paces.far.behind});
  }
  const DialPace near = pace_of(groups[Group::near], paces.near, paces.least, known);
  const DialPace far = pace_of(groups[Group::far], paces.far, paces.least, known);
  const bool any_near = !groups[Group::near].empty();
  const bool any_direct = any_near || !groups[Group::far].empty() || !named.empty();
  const bool any_other = any_direct || !groups[Group::relayed].empty();
  const Duration after_near = any_near ? near.behind : Duration::zero();
  const double far_factor =
      paces.far.behind > Duration::zero()
          ? static_cast<double>(far.behind.count()) / static_cast<double>(paces.far.behind.count())
          : 1.0;
  const Duration relay_start = any_direct ? after_near + scaled(paces.relay, far_factor) : Duration::zero();

  plan_group(groups[Group::near], {}, Duration::zero(), near, false, plan);
  plan_group(groups[Group::far], named, after_near, far, false, plan);
  plan_group(groups[Group::relayed], {}, relay_start, far, false, plan);
  plan_group(groups[Group::loopback], {}, any_other ? after_near + far.behind : Duration::zero(), paces.near,
             false, plan);
  plan_group(groups[Group::black_hole], {}, any_other ? after_near + far.other : Duration::zero(), far, true,
             plan);
  std::vector<PlannedDial> in_order;
  for (auto& [delay, planned] : plan) {
    if (in_order.size() < max_dial_candidates) in_order.push_back(std::move(planned));
  }
  return in_order;
}

std::string explain_choice(TransportKind chosen, std::span<const DialRival> rivals) {
  std::map<TransportKind, std::string_view> better;
  bool alone = true;
  for (const DialRival& rival : rivals) {
    alone = alone && rival.kind == chosen;
    if (rival.kind < chosen) better.emplace(rival.kind, rival.fate);
  }
  std::string text(to_string(chosen));
  if (better.empty()) return text + (alone ? ": the only one known" : ": first to answer");
  const char* separator = ": ";
  for (const auto& [kind, fate] : better) {
    text.append(std::exchange(separator, ", ")).append(to_string(kind)).append(" ").append(fate);
  }
  return text;
}

}  // namespace libp2p
