#include "starling/sync/puller.hpp"

#include <algorithm>
#include <ranges>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/uncancelled.hpp"
#include "libp2p/io/framing.hpp"

namespace starling {
namespace {

constexpr Duration store_retry = std::chrono::seconds(1);
constexpr Duration hear_others_for = std::chrono::milliseconds(250);

std::vector<PeerId> peers_of(const std::vector<PullPlanner::Ask>& asks) {
  std::vector<PeerId> peers;
  peers.reserve(asks.size());
  for (const PullPlanner::Ask& ask : asks) peers.push_back(ask.peer);
  return peers;
}

}  // namespace

// One round of asking, while it lasts.
struct Puller::Round {
  Round(Env env, Fleet& fleet, std::vector<PullPlanner::Ask> a)
      : asks(std::move(a)),
        begun(env.now()),
        results(asks.size()),
        intake(env, fleet, peers_of(asks)),
        readers(env) {}

  [[nodiscard]] bool shared() const { return asks.size() > 1; }

  std::vector<PullPlanner::Ask> asks;
  Instant begun;
  std::vector<Result<>> results;
  std::uint64_t limit = 0;  // of records in all answers; 0: none
  RecordIntake intake;
  libp2p::TaskGroup readers;
};

Puller::Puller(Env env, libp2p::Swarm& swarm, Fleet& fleet, PullConfig config, PullHooks hooks)
    : env_(env),
      swarm_(swarm),
      fleet_(fleet),
      config_(config),
      hooks_(std::move(hooks)),
      work_(env.executor),
      tasks_(env) {}

void Puller::start() {
  tasks_.spawn("sync.compare", compare_periodically());
  tasks_.spawn("sync.rounds", pull_rounds());
}

// ---- comparing ----

Task<> Puller::compare_periodically() {
  while (true) {
    const auto spread = static_cast<std::uint64_t>((config_.most - config_.least).count());
    co_await libp2p::sleep_for(
        env_, config_.least + Duration(static_cast<std::int64_t>(env_.random.below(spread + 1))));
    const std::vector<PeerId> peers = swarm_.connected_peers();
    if (!peers.empty()) want(peers[env_.random.below(peers.size())]);
  }
}

void Puller::want(const PeerId& peer, bool in_return) {
  if (!swarm_.is_connected(peer)) return;
  const auto [it, inserted] = comparing_.try_emplace(peer);
  NextComparison& next = it->second;
  // Two who each wanted another in return for every one would come to no end.
  next.in_return = in_return && (next.in_return || !next.wanted);
  next.wanted = true;
  if (inserted) tasks_.spawn("sync.compare_with", compare_until_settled(peer));
}

void Puller::want_from_any(const PeerId& preferred) {
  if (swarm_.is_connected(preferred)) {
    want(preferred);
    return;
  }
  const std::vector<PeerId> peers = swarm_.connected_peers();
  if (!peers.empty()) want(peers[env_.random.below(peers.size())]);
}

Task<> Puller::compare_until_settled(PeerId peer) {
  bool again = true;
  while (again) {
    const bool in_return = std::exchange(comparing_[peer], {}).in_return;
    const auto done = co_await compare(peer, in_return);
    if (!done) {
      env_.log.debug("sync.compare_failed",
                     {{"peer", peer.short_string()}, {"why", done.error().to_string()}});
      if (done.error().code == Errc::not_supported) co_await hooks_.prove_membership(peer);
    }
    // Whoever asked meanwhile wants what has come since; a peer that is gone is compared with when it is
    // back.
    again = comparing_[peer].wanted && swarm_.is_connected(peer);
  }
  comparing_.erase(peer);
  work_.notify_all();
}

Task<Result<>> Puller::compare(PeerId peer, bool in_return) {
  LIBP2P_CO_TRY(auto opened, co_await swarm_.open_stream(
                                 peer, {std::string(sync_protocol), std::string(sync_protocol_1_0)}));
  libp2p::Stream& stream = *opened.stream;
  // What is known here only by name is asked for by name, and 1.0 knows nothing but asking for all at once.
  if (opened.protocol != sync_protocol || !fleet_.log().missing().empty()) {
    planner_.ask_whole(peer);
    work_.notify_all();
  }
  if (opened.protocol != sync_protocol) co_return Result<>{};
  PullRequest request;
  request.digest = digest(fleet_.log().vector());
  request.statuses = hooks_.known_statuses();
  request.in_return = in_return;
  const libp2p::DeadlineGuard deadline(env_, config_.liveness.frame, [&stream] { stream.reset(); });
  LIBP2P_CO_CHECK(co_await libp2p::write_length_prefixed(stream, request.to_bytes()));
  FrameReader frames(env_, stream, config_.liveness);
  while (true) {
    LIBP2P_CO_TRY(const PullFrame frame, co_await frames.next());
    for (const Bytes& status : frame.statuses) hooks_.take_status(status);
    if (!frame.end) continue;
    const VersionVector& ours = fleet_.log().vector();
    if (swarm_.is_connected(peer)) {
      planner_.heard(peer, frame.same ? ours : frame.vector, ours, env_.now());
      // Who has nothing that is missing here can't tell whether others have.
      if (frame.horizon.is_zero() && (frame.same || !knows_more(frame.vector, ours))) {
        horizons_.gone(peer);
      } else {
        horizons_.heard(peer, frame.horizon);
      }
    }
    work_.notify_all();
    co_return co_await libp2p::close_gracefully(stream);
  }
}

// ---- pulling ----

Task<> Puller::pull_rounds() {
  while (true) {
    co_await hear_others();
    std::vector<PullPlanner::Ask> asks = planner_.plan(fleet_.log().vector(), env_.now());
    if (!asks.empty()) {
      co_await pull_round(std::move(asks));
    } else if (co_await rest_on_unseen()) {
      planner_.reconsider();
    } else if (const auto next = planner_.next_change(env_.now())) {
      (void)co_await work_.wait_until(env_, *next);
    } else {
      co_await work_.wait();
    }
  }
}

Task<bool> Puller::rest_on_unseen() {
  if (!horizons_.any()) co_return false;
  const std::vector<UnseenCheckpoint> unseen = fleet_.unseen_checkpoints();
  // Who has nothing yet believes whoever let him in.
  const std::size_t others = std::max<std::size_t>(fleet_.charter().members().size(), 2) - 1;
  const std::size_t enough = fleet_.revision() ? std::min<std::size_t>(others, 2) : 1;
  RecordPtr believed = horizons_.believed(unseen, enough);
  if (!believed) co_return false;
  const auto done = co_await fleet_.rest_on_unseen(std::move(believed));
  if (!done) env_.log.warn("checkpoint.not_adopted", {{"why", done.error().to_string()}});
  co_return done.has_value();
}

// Where much is missing it is worth knowing who else has it.
Task<> Puller::hear_others() {
  const Instant deadline = env_.now() + hear_others_for;
  while (!comparing_.empty() &&
         planner_.most_missing(fleet_.log().vector(), env_.now()) >= PullPlanner::shared_from &&
         co_await work_.wait_until(env_, deadline)) {
  }
}

Task<> Puller::pull_round(std::vector<PullPlanner::Ask> asks) {
  Round round(env_, fleet_, std::move(asks));
  const RecordIntake::Outcome outcome = co_await libp2p::with_cleanup(read_lanes(round), end_round(round));
  settle(round, outcome);
  if (outcome.broken && !outcome.broken->lane) {
    env_.log.warn("sync.not_stored", {{"why", outcome.broken->why.to_string()}});
    co_await libp2p::sleep_for(env_, store_retry);
  }
}

Task<RecordIntake::Outcome> Puller::read_lanes(Round& round) {
  for (std::size_t lane = 0; lane < round.asks.size(); ++lane)
    round.readers.spawn("sync.read", read_lane(round, lane));
  co_return co_await round.intake.run();
}

Task<> Puller::end_round(Round& round) {
  co_await round.readers.stop();
  co_await round.intake.join();
}

Task<> Puller::read_lane(Round& round, std::size_t lane) {
  round.results[lane] = co_await read_answer(round, lane);
  round.intake.finish(lane);
}

// Where too much is missing the first half is always asked for, and the rest in turn: whoever makes up
// records that nobody has keeps nothing from coming.
std::vector<RecordId> Puller::wanted() const {
  std::vector<RecordId> ids = fleet_.log().missing();
  if (ids.size() <= max_wanted) return ids;
  const auto rest = ids.begin() + max_wanted / 2;
  const auto turn = env_.random.below(static_cast<std::uint64_t>(ids.end() - rest));
  std::rotate(rest, rest + static_cast<std::ptrdiff_t>(turn), ids.end());
  ids.resize(max_wanted);
  return ids;
}

PullRequest Puller::request_of(const PullPlanner::Ask& ask, std::string_view protocol) const {
  PullRequest request;
  request.ranges = ask.ranges;
  request.stripe = ask.stripe;
  if (ask.ranges.empty()) {
    request.vector = fleet_.log().vector();
    request.wanted = wanted();
  }
  if (protocol == sync_protocol) request.limit = PullPlanner::round_records * ask.stripe.count;
  return request;
}

Task<Result<>> Puller::read_answer(Round& round, std::size_t lane) {
  const PullPlanner::Ask ask = round.asks[lane];
  std::vector<std::string> protocols{std::string(sync_protocol)};
  if (ask.ranges.empty()) protocols.emplace_back(sync_protocol_1_0);
  LIBP2P_CO_TRY(auto opened, co_await swarm_.open_stream(ask.peer, std::move(protocols)));
  libp2p::Stream& stream = *opened.stream;
  const PullRequest request = request_of(ask, opened.protocol);
  round.limit = request.limit;
  {
    const libp2p::DeadlineGuard deadline(env_, config_.liveness.frame, [&stream] { stream.reset(); });
    LIBP2P_CO_CHECK(co_await libp2p::write_length_prefixed(stream, request.to_bytes()));
  }
  FrameReader frames(env_, stream, config_.liveness);
  while (true) {
    LIBP2P_CO_TRY(PullFrame frame, co_await frames.next());
    for (const Bytes& status : frame.statuses) hooks_.take_status(status);
    if (!frame.records.empty()) LIBP2P_CO_CHECK(co_await round.intake.put(lane, std::move(frame.records)));
    if (frame.end) {
      if (swarm_.is_connected(ask.peer) && !frame.horizon.is_zero()) horizons_.heard(ask.peer, frame.horizon);
      if (opened.protocol != sync_protocol && swarm_.is_connected(ask.peer))
        planner_.heard(ask.peer, frame.vector, fleet_.log().vector(), env_.now());
      co_return co_await libp2p::close_gracefully(stream);
    }
    if (env_.now() - round.begun > config_.slow &&
        planner_.has_alternative(ask.peer, fleet_.log().vector(), env_.now())) {
      co_return fail(Errc::timeout, "slower than others may be");
    }
  }
}

void Puller::settle(const Round& round, const RecordIntake::Outcome& outcome) {
  const Instant now = env_.now();
  PullPlanner::Round ended{.asks = {}, .begun = round.begun};
  ended.cut = round.limit > 0 && outcome.taken >= round.limit && outcome.added > 0;
  bool sound = outcome.waiting == 0 && outcome.added > 0;
  for (std::size_t lane = 0; lane < round.asks.size(); ++lane) {
    const PeerId& peer = round.asks[lane].peer;
    const bool broke = outcome.broken && outcome.broken->lane == lane;
    const bool in_order = round.results[lane].has_value() && !broke;
    // Whoever was not heard to the end because another lane broke has done nothing wrong.
    const bool innocent = in_order || (outcome.broken && !broke);
    planner_.ended(peer, innocent, now);
    sound = sound && in_order;
    if (in_order && !outcome.broken) ended.asks.push_back(round.asks[lane]);
    if (!innocent) {
      const Error& why = broke ? outcome.broken->why : round.results[lane].error();
      env_.log.debug("sync.pull_failed", {{"peer", peer.short_string()}, {"why", why.to_string()}});
    }
  }
  for (const auto& [chain, why] : outcome.refused) {
    ended.refused.insert(chain);
    env_.log.debug("record.refused", {{"from", round.asks.front().peer.short_string()},
                                      {"author", chain.author.to_string()},
                                      {"why", why.message}});
  }
  if (round.shared() && !sound) planner_.distrust_shares(now);
  planner_.settle(ended, fleet_.log().vector(), now);
}

}  // namespace starling
