#include "libp2p/swarm/dialer.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "libp2p/base/deadline.hpp"
#include "libp2p/multi/address_policy.hpp"

namespace libp2p::swarm {

// One of the dials that may run at a time.
class Dialer::Place {
 public:
  explicit Place(Dialer& dialer) : dialer_(dialer) { ++dialer_.dialling_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    --dialer_.dialling_;
    dialer_.freed_.notify_all();
  }

 private:
  Dialer& dialer_;
};

// What one dial tells of its path. Silence counts only once it has lasted: who lost a race quickly might have
// been answered.
class Dialer::Trial {
 public:
  Trial(Dialer& dialer, Multiaddr address, Duration patience)
      : dialer_(dialer), address_(std::move(address)), patience_(patience), began_(dialer.env_.now()) {}
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial() {
    if (!over_ && dialer_.env_.now() - began_ >= patience_) dialer_.black_holes_.record(address_, false);
  }
  void conclude(const Result<MuxedPtr>& outcome) {
    over_ = true;
    const bool silence = !outcome && outcome.error().code == Errc::timeout;
    const bool failed_here = !outcome && outcome.error().code == Errc::io;
    if (!failed_here) dialer_.black_holes_.record(address_, !silence);
  }

 private:
  Dialer& dialer_;
  Multiaddr address_;
  Duration patience_;
  Instant began_;
  bool over_ = false;
};

// One peer with many addresses can't keep others from being dialled.
bool Dialer::place_free(bool first_of_peer) const noexcept {
  return dialling_ < (first_of_peer ? config_.max_dials : config_.max_dials / 2);
}

Task<Result<MuxedPtr>> Dialer::dial(Request request) {
  if (request.expected && !gater_.may_dial(*request.expected, request.address)) {
    co_return fail(Errc::refused, "not to be dialled");
  }
  const auto transport =
      std::ranges::find_if(transports_, [&](const auto& one) { return one->handles(request.address); });
  if (transport == transports_.end()) co_return fail(Errc::not_supported, "no transport for such an address");
  const Instant deadline = env_.now() + config_.dial_timeout;
  while (!place_free(request.first_of_peer)) {
    if (co_await freed_.wait_until(env_, deadline)) continue;
    co_return fail(Errc::limit, std::to_string(dialling_) + " dials are under way, of " +
                                    std::to_string(config_.max_dials) + " (max_dials)");
  }

  const Place place(*this);
  DialOutcomes& outcomes = counters_.by_kind[static_cast<std::size_t>(transport_kind(request.address))];
  ++counters_.dials;
  ++outcomes.started;
  Trial trial(*this, request.address, request.patience);
  auto connection = co_await with_timeout(env_, config_.dial_timeout, "no answer",
                                          (*transport)->dial(request.address, std::move(request.expected)));
  trial.conclude(connection);
  if (!connection) ++counters_.failures;
  ++(connection ? outcomes.connected : outcomes.failed);
  co_return connection;
}

Task<Result<std::vector<Multiaddr>>> Dialer::resolve(Multiaddr address) {
  if (resolver_ == nullptr) co_return fail(Errc::not_supported, "names are not looked up");
  co_return co_await with_timeout(env_, config_.dial_timeout, "name look-up",
                                  resolve_address(*resolver_, std::move(address)));
}

std::optional<Duration> Dialer::known_rtt(const Multiaddr& address, const std::optional<PeerId>& peer) const {
  if (const auto rtt = round_trips_.of(address)) return rtt;
  return peer ? peerstore_.rtt(*peer) : std::nullopt;
}

void Dialer::forget_network() {
  black_holes_.reset();
  round_trips_.reset();
}

DialRace::DialRace(Env env, const SwarmConfig& config, Dialer& dialer, std::optional<PeerId> expected)
    : env_(env),
      config_(config),
      dialer_(dialer),
      expected_(std::move(expected)),
      black_holes_(dialer.black_holes()),
      changed_(env.executor),
      attempts_(env) {}

void DialRace::add(const std::vector<Multiaddr>& addresses, Source source) {
  insert(addresses, source, begun_ ? ++news_ : 0);
}

void DialRace::insert(const std::vector<Multiaddr>& addresses, Source source, std::size_t news) {
  const std::size_t before = entries_.size();
  const std::size_t most = max_dial_candidates + (news > 0 ? max_news : 0);
  for (const Multiaddr& address : addresses) {
    Multiaddr plain = address.without_peer();
    if (plain.empty() || known_.size() >= most || !known_.insert(plain).second) continue;
    Entry& entry = entries_.emplace_back(
        Entry{.planned = {.address = std::move(plain)}, .source = source, .news = news});
    if (const auto peer = address.peer_id_bytes()) {
      if (auto id = PeerId::from_bytes(*peer)) entry.named = std::move(*id);
    }
  }
  if (entries_.size() == before) return;
  plan();
  changed_.notify_all();
}

// Those under way keep their head start before what has been added.
void DialRace::plan() {
  std::map<Multiaddr, Entry*> open;
  std::map<std::pair<std::size_t, std::size_t>, const Multiaddr*> in_order;  // the newest first
  Instant from = env_.now();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.state != Entry::State::waiting && entry.state != Entry::State::running) continue;
    if (entry.state == Entry::State::running) from = std::min(from, entry.start);
    open.emplace(entry.planned.address, &entry);
    in_order.emplace(std::pair(news_ - entry.news, i), &entry.planned.address);
  }
  std::vector<Multiaddr> addresses;
  addresses.reserve(in_order.size());
  for (const auto& [rank, address] : in_order) addresses.push_back(*address);
  const PathKnowledge known{
      .rtt = [this](const Multiaddr& address) { return dialer_.known_rtt(address, expected_); },
      .black_hole = [this](const Multiaddr& address) { return black_holes_.swallows(address); }};
  for (PlannedDial& planned : dial_plan(addresses, config_.dial_paces, known)) {
    Entry& entry = *open.at(planned.address);
    if (entry.state == Entry::State::waiting) entry.start = from + planned.delay;
    entry.planned = std::move(planned);
  }
}

std::optional<std::size_t> DialRace::next_waiting() const {
  const auto rank = [this](std::size_t i) {
    const Entry& entry = entries_[i];
    return std::tuple(news_ - entry.news, entry.start, entry.planned.kind);
  };
  std::optional<std::size_t> next;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].state == Entry::State::waiting && (!next || rank(i) < rank(*next))) next = i;
  }
  return next;
}

std::optional<Instant> DialRace::place_at(const Entry& entry) const {
  const Instant now = env_.now();
  std::vector<Instant> holding;
  for (const Entry& one : entries_) {
    if (one.state != Entry::State::running) continue;
    if (entry.news == 0 || now - one.start < config_.dial_silence) holding.push_back(one.start);
  }
  if (holding.size() < config_.max_parallel_dials) return now;
  if (entry.news == 0) return std::nullopt;
  return *std::ranges::min_element(holding) + config_.dial_silence;
}

void DialRace::give_up() {
  given_up_ = true;
  changed_.notify_all();
}

Task<Result<MuxedPtr>> DialRace::run() { return with_cleanup(race(), attempts_.stop()); }

Task<Result<MuxedPtr>> DialRace::race() {
  begun_ = true;
  for (;;) {
    const std::optional<std::size_t> next = next_waiting();
    if (winner_ || given_up_ || (running_ == 0 && !next)) break;
    const std::optional<Instant> place = next ? place_at(entries_[*next]) : std::nullopt;
    if (!place) {
      co_await changed_.wait();
      continue;
    }
    const Instant at = running_ == 0 ? *place : std::max(*place, entries_[*next].start);
    if (env_.now() >= at) {
      start(*next);
    } else {
      (void)co_await changed_.wait_until(env_, at);
    }
  }
  if (winner_) co_return std::move(winner_);
  if (given_up_) co_return fail(Errc::closed, "no longer needed");
  co_return failure();
}

// One that starts early, since nothing is under way, takes the others forward with it.
void DialRace::start(std::size_t number) {
  const Instant now = env_.now();
  const Duration early = std::max(entries_[number].start - now, Duration::zero());
  for (Entry& entry : entries_) {
    if (entry.state == Entry::State::waiting) entry.start -= early;
  }
  Entry& entry = entries_[number];
  entry.start = now;
  entry.state = Entry::State::running;
  const bool first = ++running_ == 1;
  if (needs_resolution(entry.planned.address)) {
    attempts_.spawn("look-up", look_up(number));
  } else {
    attempts_.spawn("dial", attempt(number, first));
  }
}

// The records of a /dnsaddr may be of many peers: those of ours are asked for.
Task<Result<std::vector<Multiaddr>>> DialRace::resolve(const Entry& entry) {
  const Multiaddr& address = entry.planned.address;
  if (address.components().front().protocol != AddrProtocol::dnsaddr) return dialer_.resolve(address);
  const auto& peer = expected_at(entry);
  return dialer_.resolve(peer ? address.with_peer(peer->bytes()) : address);
}

Task<> DialRace::look_up(std::size_t number) {
  const bool told = entries_[number].source == Source::others;
  Result<std::vector<Multiaddr>> addresses = fail(Errc::limit, "too many names that others told us of");
  if (!told || ++told_names_ <= max_told_names) addresses = co_await resolve(entries_[number]);
  --running_;
  Entry& entry = entries_[number];
  if (addresses) {
    entry.state = Entry::State::resolved;
    if (told) std::erase_if(*addresses, [](const Multiaddr& one) { return !is_dialable_from_remote(one); });
    insert(*addresses, entry.source, entry.news);
    changed_.notify_all();
  } else {
    note_failure(entry, addresses.error());
  }
}

Task<> DialRace::attempt(std::size_t number, bool first) {
  const PlannedDial& planned = entries_[number].planned;
  auto connection = co_await dialer_.dial({.address = planned.address,
                                           .expected = expected_at(entries_[number]),
                                           .patience = planned.patience,
                                           .first_of_peer = first});
  --running_;
  Entry& entry = entries_[number];
  if (!connection) {
    note_failure(entry, connection.error());
  } else if (!winner_) {
    winner_ = std::move(*connection);
    why_ = explain(entry);
    changed_.notify_all();
  }
}

void DialRace::note_failure(Entry& entry, const Error& error) {
  entry.state = Entry::State::failed;
  entry.fate = error.code == Errc::timeout ? "no answer" : to_string(error.code);
  failures_.push_back(error);
  reasons_.append(reasons_.empty() ? "" : "; ")
      .append(entry.planned.address.to_string())
      .append(": ")
      .append(error.to_string());
  changed_.notify_all();
}

std::string DialRace::explain(const Entry& winner) const {
  std::vector<DialRival> rivals;
  for (const Entry& entry : entries_) {
    if (&entry == &winner || entry.state == Entry::State::resolved) continue;
    std::string fate = entry.fate;
    if (entry.state == Entry::State::running) fate = "no answer";
    if (entry.state == Entry::State::waiting) {
      fate = entry.planned.black_hole ? "swallowed by the network" : "not tried";
    }
    rivals.push_back({.kind = entry.planned.kind, .fate = std::move(fate)});
  }
  return explain_choice(winner.planned.kind, rivals);
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
