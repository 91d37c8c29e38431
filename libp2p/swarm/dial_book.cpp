#include "libp2p/swarm/dial_book.hpp"

namespace libp2p::swarm {
namespace {

// An address that led to its peer is worth remembering for so long.
constexpr std::chrono::hours proven_address_ttl(1);

}  // namespace

DialBook::DialBook(Env env, const SwarmConfig& config, Dialer& dialer, ConnectionKeeper& keeper,
                   Peerstore& peerstore, TaskGroup& tasks, PeerId local)
    : env_(env),
      config_(config),
      dialer_(dialer),
      keeper_(keeper),
      peerstore_(peerstore),
      tasks_(tasks),
      local_(std::move(local)) {}

Task<Result<>> DialBook::connect(PeerId peer, std::vector<Multiaddr> addresses) {
  if (keeper_.table().reaches(peer)) co_return Result<>{};
  if (peer.empty() || peer == local_)
    co_return fail(Errc::invalid_argument, "not a peer to dial: ourselves or nobody");
  if (stopped_) co_return fail(Errc::closed, "the swarm has stopped");
  std::shared_ptr<Dial> dial;
  if (const auto found = dials_.find(peer); found != dials_.end()) {
    dial = found->second;
  } else {
    dial = std::make_shared<Dial>(env_, config_, dialer_, peer);
    dials_.emplace(peer, dial);
    tasks_.spawn("dial peer", run(peer, dial));
  }
  dial->race.add(addresses, DialRace::Source::caller);
  dial->race.add(peerstore_.addresses(peer), DialRace::Source::others);
  while (!dial->outcome && !keeper_.table().reaches(peer)) co_await dial->changed.wait();
  co_return dial->outcome ? *dial->outcome : Result<>{};
}

void DialBook::seen(const PeerId& peer, const std::vector<Multiaddr>& addresses) {
  if (const auto found = dials_.find(peer); found != dials_.end())
    found->second->race.add(addresses, DialRace::Source::others);
}

// However it ends, the callers hear of it.
Task<> DialBook::run(PeerId peer, std::shared_ptr<Dial> dial) {
  struct Ending {
    DialBook& book;
    const PeerId& peer;
    Dial& dial;
    ~Ending() {
      if (!dial.outcome) dial.outcome = fail(Errc::closed, "the swarm has stopped");
      book.dials_.erase(peer);
      dial.changed.notify_all();
    }
  } const ending{*this, peer, *dial};

  auto connection = co_await dial->race.run();
  if (!connection) {
    // Somebody may have come in by another way meanwhile; then the race was given up.
    if (keeper_.table().reaches(peer)) {
      dial->outcome = Result<>{};
    } else {
      dial->outcome = fail_in("dial " + peer.to_string(), std::move(connection).error());
    }
    co_return;
  }
  if (stopped_) co_return;
  const Multiaddr address = (*connection)->remote();
  const auto added = keeper_.add(std::move(*connection), Direction::outbound, dial->race.why());
  if (added) {
    peerstore_.add_addresses(peer, {address}, proven_address_ttl);
    dial->outcome = Result<>{};
  } else {
    dial->outcome = fail_in("dial " + address.to_string(), added.error());
  }
}

Task<Result<PeerId>> DialBook::connect_to_anybody(Multiaddr address) {
  if (stopped_) co_return fail(Errc::closed, "the swarm has stopped");
  DialRace race(env_, config_, dialer_, std::nullopt);
  race.add({address}, DialRace::Source::caller);
  LIBP2P_CO_TRY(MuxedPtr connection, co_await race.run());
  if (stopped_) co_return fail(Errc::closed, "the swarm has stopped");
  const PeerId peer = connection->remote_peer();
  const Multiaddr remote = connection->remote();
  const auto added = keeper_.add(std::move(connection), Direction::outbound, race.why());
  if (!added) co_return fail_in("dial " + address.to_string(), added.error());
  peerstore_.add_addresses(peer, {remote}, proven_address_ttl);
  co_return peer;
}

void DialBook::on_reached(const PeerId& peer, Direction direction) {
  const auto found = dials_.find(peer);
  if (found == dials_.end()) return;
  // When both sides dial, the connection of the smaller id is kept: only then is ours still worth finishing.
  if (direction == Direction::inbound && peer < local_) found->second->race.give_up();
  found->second->changed.notify_all();
}

void DialBook::stop() {
  stopped_ = true;
  for (const auto& [peer, dial] : dials_) dial->race.give_up();
}

}  // namespace libp2p::swarm
