#include "libp2p/swarm/listeners.hpp"

#include <algorithm>

#include "libp2p/base/deadline.hpp"

namespace libp2p::swarm {
namespace {

// A listener that fails (no file descriptors are left) is asked again after a pause that grows up to a
// second.
constexpr std::chrono::milliseconds first_pause(20);
constexpr std::chrono::seconds longest_pause(1);

}  // namespace

Listeners::Listeners(Env env, const SwarmConfig& config,
                     std::span<const std::unique_ptr<Transport>> transports, Resources& resources,
                     Gater& gater, ConnectionKeeper& keeper, TaskGroup& tasks)
    : env_(env),
      config_(config),
      transports_(transports),
      resources_(resources),
      gater_(gater),
      keeper_(keeper),
      tasks_(tasks) {}

Task<Result<Multiaddr>> Listeners::listen(Multiaddr address) {
  const auto transport =
      std::ranges::find_if(transports_, [&](const auto& one) { return one->handles(address); });
  if (transport == transports_.end()) {
    co_return fail(Errc::not_supported, "no transport listens on " + address.to_string());
  }
  auto listening = co_await (*transport)->listen(address);
  if (!listening) co_return fail_in("listen on " + address.to_string(), std::move(listening).error());
  if (closed_) co_return fail(Errc::closed, "the swarm has stopped");
  const ListenerPtr listener = std::move(*listening);
  listeners_.push_back(listener);
  tasks_.spawn("listener", accept_loop(listener));
  env_.log.info("swarm.listening", {{"at", listener->address().to_string()}});
  co_return listener->address();
}

std::vector<Multiaddr> Listeners::addresses() const {
  std::vector<Multiaddr> all;
  for (const ListenerPtr& listener : listeners_) all.push_back(listener->address());
  return all;
}

void Listeners::close() {
  closed_ = true;
  for (const ListenerPtr& listener : listeners_) listener->close();
  listeners_.clear();
  for (const auto& [number, entry] : upgrading_) entry.pending->abort();
}

Task<> Listeners::accept_loop(ListenerPtr listener) {
  Duration pause = first_pause;
  for (;;) {
    auto pending = co_await listener->accept();
    if (pending) {
      pause = first_pause;
      take(std::move(*pending));
      continue;
    }
    if (pending.error().code == Errc::closed) co_return;
    env_.log.warn("swarm.accept_failed",
                  {{"at", listener->address().to_string()}, {"why", pending.error().to_string()}});
    co_await sleep_for(env_, pause);
    pause = std::min<Duration>(pause * 2, longest_pause);
  }
}

void Listeners::take(PendingPtr pending) {
  const Multiaddr remote = pending->remote();
  if (!gater_.may_accept(remote)) {
    ++counters_.refused;
    return;
  }
  make_room(remote);
  auto account = resources_.begin_upgrade(remote);
  if (!account) return note_refusal(remote, account.error());
  const std::uint64_t number = next_number_++;
  upgrading_.emplace(number, Upgrading{pending, host_network(remote), std::move(*account)});
  tasks_.spawn("upgrade", upgrade(number, std::move(pending)));
}

void Listeners::note_refusal(const Multiaddr& remote, const Error& why) {
  ++counters_.refused;
  env_.log.debug("swarm.refused", {{"from", remote.to_string()}, {"why", why.to_string()}});
}

// Silent connections can't keep an honest peer out (ATTACKS, MS06): they give way to newer ones.
void Listeners::make_room(const Multiaddr& remote) {
  while (const auto full = resources_.full_for_upgrade(remote)) {
    const auto victim = choose_victim(*full, remote);
    if (victim == upgrading_.end()) return;
    note_refusal(victim->second.pending->remote(), resources_.refusal(*full));
    victim->second.pending->abort();
    upgrading_.erase(victim);
  }
}

// Where a network has too many, the oldest of that; where all have, the oldest of the network that has the
// most: many of one host give way before one of another.
Listeners::UpgradingMap::const_iterator Listeners::choose_victim(Limit full, const Multiaddr& remote) const {
  if (full == Limit::upgrading) {
    std::map<Bytes, std::size_t> counts;
    for (const auto& [number, entry] : upgrading_) ++counts[entry.network];
    return std::ranges::max_element(upgrading_, {},
                                    [&counts](const auto& item) { return counts[item.second.network]; });
  }
  const auto network_under = [&](const Multiaddr& address) -> Bytes {
    for (auto& [limit, network] : counted_networks(address, config_.limits)) {
      if (limit == full) return std::move(network);
    }
    return {};
  };
  const Bytes crowded = network_under(remote);
  if (crowded.empty()) return upgrading_.end();
  return std::ranges::find_if(
      upgrading_, [&](const auto& item) { return network_under(item.second.pending->remote()) == crowded; });
}

Task<> Listeners::upgrade(std::uint64_t number, PendingPtr pending) {
  struct Place {
    UpgradingMap& all;
    std::uint64_t number;
    ~Place() { all.erase(number); }
  } const place{upgrading_, number};

  bool expired = false;
  const DeadlineGuard deadline(env_, config_.upgrade_timeout, [&pending, &expired] {
    expired = true;
    pending->abort();
  });
  auto connection = co_await pending->upgrade();
  if (!connection) {
    ++counters_.failed;
    env_.log.debug("swarm.upgrade_failed", {{"from", pending->remote().to_string()},
                                            {"why", expired ? "timeout" : connection.error().to_string()}});
    co_return;
  }
  if (closed_) co_return;
  const auto added = keeper_.add(std::move(*connection), Direction::inbound, "it dialled");
  if (added) {
    ++counters_.accepted;
  } else {
    note_refusal(pending->remote(), added.error());
  }
}

}  // namespace libp2p::swarm
