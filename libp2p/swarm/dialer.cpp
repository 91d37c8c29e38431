#include "libp2p/swarm/dialer.hpp"

#include <algorithm>

#include "libp2p/base/deadline.hpp"
#include "libp2p/swarm/dial_rank.hpp"

namespace libp2p::swarm {

Task<Result<MuxedPtr>> Dialer::dial(Multiaddr address, std::optional<PeerId> expected) {
  if (expected && !gater_.may_dial(*expected, address)) co_return fail(Errc::refused, "not to be dialled");
  const auto transport =
      std::ranges::find_if(transports_, [&](const auto& one) { return one->handles(address); });
  if (transport == transports_.end()) co_return fail(Errc::not_supported, "no transport for such an address");
  ++counters_.dials;
  auto connection = co_await with_timeout(env_, config_.dial_timeout, "no answer",
                                          (*transport)->dial(address, std::move(expected)));
  if (!connection) ++counters_.failures;
  co_return connection;
}

Task<Result<std::vector<Multiaddr>>> Dialer::resolve(Multiaddr address) {
  if (resolver_ == nullptr) co_return fail(Errc::not_supported, "names are not looked up");
  co_return co_await with_timeout(env_, config_.dial_timeout, "name look-up",
                                  resolve_address(*resolver_, std::move(address)));
}

DialRace::DialRace(Env env, const SwarmConfig& config, Dialer& dialer, std::optional<PeerId> expected)
    : env_(env),
      config_(config),
      dialer_(dialer),
      expected_(std::move(expected)),
      changed_(env.executor),
      attempts_(env) {}

void DialRace::add(const std::vector<Multiaddr>& addresses) {
  for (const Multiaddr& address : addresses) {
    const Multiaddr plain = address.without_peer();
    if (known_.size() >= max_dial_candidates || !known_.insert(plain).second) continue;
    waiting_.push_back(plain);
    if (const auto peer = address.peer_id_bytes(); peer && !expected_) {
      if (const auto id = PeerId::from_bytes(*peer)) named_.emplace(plain, *id);
    }
  }
  waiting_ = rank_candidates(waiting_);
  changed_.notify_all();
}

void DialRace::give_up() {
  given_up_ = true;
  changed_.notify_all();
}

Task<Result<MuxedPtr>> DialRace::run() { return with_cleanup(race(), attempts_.stop()); }

Task<Result<MuxedPtr>> DialRace::race() {
  Instant next_start = env_.now();
  while (!winner_ && !given_up_ && (running_ > 0 || !waiting_.empty())) {
    const bool room = !waiting_.empty() && running_ < config_.max_parallel_dials;
    if (room && (hurry_ || running_ == 0 || env_.now() >= next_start)) {
      hurry_ = false;
      next_start = env_.now() + config_.dial_stagger;
      ++running_;
      Multiaddr next = std::move(waiting_.front());
      waiting_.erase(waiting_.begin());
      attempts_.spawn("dial", attempt(std::move(next)));
    } else if (room) {
      (void)co_await changed_.wait_until(env_, next_start);
    } else {
      co_await changed_.wait();
    }
  }
  if (winner_) co_return std::move(winner_);
  if (given_up_) co_return fail(Errc::closed, "no longer needed");
  co_return failure();
}

Task<> DialRace::attempt(Multiaddr address) {
  if (needs_resolution(address)) co_return co_await look_up(std::move(address));
  auto connection = co_await dialer_.dial(address, expected_at(address));
  --running_;
  if (!connection) {
    hurry_ = true;
    note_failure(address, connection.error());
  } else if (!winner_) {
    winner_ = std::move(*connection);
    changed_.notify_all();
  }
}

Task<> DialRace::look_up(Multiaddr address) {
  // The records of a /dnsaddr may be of many peers: those of ours are asked for.
  const bool dnsaddr = address.components().front().protocol == AddrProtocol::dnsaddr;
  const auto peer = dnsaddr ? expected_at(address) : std::nullopt;
  Result<std::vector<Multiaddr>> addresses = fail(Errc::limit, "too many /dnsaddr addresses of one peer");
  if (!dnsaddr || ++dnsaddrs_ <= max_dnsaddrs) {
    addresses = co_await dialer_.resolve(peer ? address.with_peer(peer->bytes()) : address);
  }
  --running_;
  hurry_ = true;
  if (addresses) {
    add(*addresses);
  } else {
    note_failure(address, addresses.error());
  }
}

std::optional<PeerId> DialRace::expected_at(const Multiaddr& address) const {
  if (expected_) return expected_;
  const auto named = named_.find(address);
  return named == named_.end() ? std::nullopt : std::optional(named->second);
}

void DialRace::note_failure(const Multiaddr& address, const Error& error) {
  failures_.push_back(error);
  reasons_.append(reasons_.empty() ? "" : "; ")
      .append(address.to_string())
      .append(": ")
      .append(error.to_string());
  changed_.notify_all();
}

std::unexpected<Error> DialRace::failure() const {
  if (failures_.empty()) return fail(Errc::not_found, "no address is known");
  const auto all = [this](Errc code) {
    return std::ranges::all_of(failures_, [code](const Error& error) { return error.code == code; });
  };
  const Errc code = all(failures_.front().code) ? failures_.front().code : Errc::io;
  return fail(code, reasons_);
}

}  // namespace libp2p::swarm
