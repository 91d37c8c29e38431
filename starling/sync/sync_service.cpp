#include "starling/sync/sync_service.hpp"

#include <algorithm>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/protobuf.hpp"
#include "libp2p/io/framing.hpp"
#include "starling/merge/levels.hpp"
#include "starling/sync/joiner.hpp"
#include "starling/sync/proof.hpp"
#include "starling/sync/record_exchange.hpp"

namespace starling {
namespace {

using libp2p::GossipMessage;
using libp2p::GossipVerdict;
using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;

constexpr std::size_t max_statuses_told = 1024;
// A node is fresh until so many of its heartbeats have been missed.
constexpr int missed_heartbeats = 3;
// An author's record is announced when it is written.
constexpr std::chrono::minutes news_age{2};
constexpr Duration alarm_interval = std::chrono::seconds(5);

// On the record topic: a record whole, or the name of one that is too large for it.
struct Announcement {
  BytesView envelope;
  std::optional<RecordId> name;
};

Result<Announcement> read_announcement(BytesView data) {
  Announcement announcement;
  ProtobufReader in(data);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        announcement.envelope = in.bytes(*field);
        break;
      case 2: {
        LIBP2P_TRY(announcement.name, RecordId::from_bytes(in.bytes(*field)));
        break;
      }
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("announcement"));
  if (announcement.envelope.empty() == !announcement.name)
    return fail(Errc::parse, "announcement of nothing, or of two");
  return announcement;
}

}  // namespace

SyncService::SyncService(Env env, libp2p::Swarm& swarm, libp2p::Gossipsub& gossip, Fleet& fleet, Gate& gate,
                         SyncConfig config)
    : env_(env),
      swarm_(swarm),
      gossip_(gossip),
      fleet_(fleet),
      gate_(gate),
      config_(config),
      puller_(env, swarm, fleet, config.pull,
              {[this](BytesView envelope) { take_status(envelope, std::nullopt); },
               [this] { return board_.marks(); },
               [this](PeerId peer) { return prove_membership(std::move(peer)); }}),
      status_changed_(env.executor),
      tasks_(env) {
  local_.incarnation = env.random.u64();
}

SyncService::~SyncService() = default;

std::string SyncService::topic(std::string_view name) const {
  return "/starling/" + to_cid(fleet_.id()) + "/" + std::string(name) + "/1";
}

void SyncService::start() {
  fleet_.add_observer(*this);
  swarm_.add_observer(*this);
  for (const std::string_view protocol : {sync_protocol, sync_protocol_1_0})
    swarm_.set_handler(std::string(protocol),
                       [this](libp2p::InboundStream s) { return serve_pull(std::move(s)); });
  if (config_.gossip) subscribe();
  keep_members_connected();
  find_held();
  puller_.start();
  tasks_.spawn("sync.status", tell_status_periodically());
  tasks_.spawn("sync.alarms", watch_alarms());
}

Task<> SyncService::stop() {
  swarm_.remove_handler(sync_protocol);
  swarm_.remove_handler(sync_protocol_1_0);
  swarm_.remove_observer(*this);
  fleet_.remove_observer(*this);
  if (config_.gossip) {
    gossip_.unsubscribe(topic("records"));
    gossip_.unsubscribe(topic("status"));
  }
  co_await puller_.stop();
  co_await tasks_.stop();
}

// ---- pulling ----

Task<> SyncService::serve_pull(libp2p::InboundStream inbound) {
  libp2p::Stream& stream = *inbound.stream;
  std::optional<libp2p::DeadlineGuard> deadline;
  deadline.emplace(env_, config_.pull.liveness.frame, [&stream] { stream.reset(); });
  const auto bytes = co_await libp2p::read_length_prefixed(stream, max_pull_bytes);
  if (!bytes) co_return;
  deadline.reset();
  auto request = PullRequest::from_bytes(*bytes);
  if (!request) {
    env_.log.debug("sync.bad_request",
                   {{"peer", inbound.peer.short_string()}, {"why", request.error().message}});
    co_return;
  }
  AnswerEnd end = end_of_answer(inbound, *request);
  const auto sent = co_await send_answer(env_, stream, fleet_.log(), std::move(*request), std::move(end),
                                         config_.pull.liveness);
  deadline.emplace(env_, config_.pull.liveness.frame, [&stream] { stream.reset(); });
  if (sent) (void)co_await libp2p::close_gracefully(stream);
}

// Whoever asks may have something that we lack.
AnswerEnd SyncService::end_of_answer(const libp2p::InboundStream& inbound, const PullRequest& request) {
  const VersionVector& ours = fleet_.log().vector();
  AnswerEnd end;
  if (const BasePtr& horizon = fleet_.horizon()) {
    end.horizon = horizon->record;
    end.horizon_first =
        !request.digest && request.ranges.empty() && !includes(request.vector, horizon->log.covered);
  }
  if (inbound.protocol == sync_protocol_1_0) {
    if (knows_more(request.vector, ours)) puller_.want(inbound.peer);
    end.statuses = statuses_for(inbound.peer, {});
    end.vector = ours;
  } else if (request.digest) {
    end.same = *request.digest == digest(ours);
    end.statuses = statuses_for(inbound.peer, request.statuses);
    if (!end.same) end.vector = ours;
    if (!end.same && !request.in_return) puller_.want(inbound.peer, true);
  }
  return end;
}

// A member that has not heard of us yet offers nothing but the join protocol: show it the proof of our grant.
// The next connection is then a member's on both sides.
Task<> SyncService::prove_membership(PeerId peer) {
  const Member* self = fleet_.charter().member(fleet_.node());
  if (!self) co_return;
  const auto done =
      co_await prove_to(env_, swarm_, fleet_.id(), peer, proof_of(fleet_.log(), fleet_.id(), self->grant));
  env_.log.info("member.proof_sent",
                {{"peer", peer.short_string()}, {"result", done ? "taken" : done.error().to_string()}});
}

void SyncService::on_peer_connected(const PeerId& peer) { puller_.want(peer); }

void SyncService::on_peer_disconnected(const PeerId& peer) { puller_.gone(peer); }

// ---- announcing ----

void SyncService::subscribe() {
  const auto records = gossip_.subscribe(
      topic("records"), [this](const GossipMessage& message) { on_announcement(message); },
      [this](const PeerId&, const GossipMessage& message) { return check_announcement(message); });
  const auto statuses = gossip_.subscribe(
      topic("status"), [this](const GossipMessage& message) { on_status_message(message); });
  if (!records || !statuses) env_.log.error("sync.subscribe_failed", {{"fleet", to_cid(fleet_.id())}});
}

void SyncService::on_records(const std::vector<RecordPtr>& records) {
  for (const RecordPtr& record : records) {
    // What a node writes it announces itself. Of the rest, what people's own keys sign too, the status tells.
    if (record->record.author == fleet_.node()) announce(record);
  }
  status_due_ = true;
  status_changed_.notify_all();
}

void SyncService::announce(const RecordPtr& record) {
  if (!config_.gossip) return;
  ProtobufWriter out;
  if (record->envelope.size() <= config_.whole_record_bytes) {
    out.bytes(1, record->envelope);
  } else {
    out.bytes(2, record->id.view());
  }
  if (const auto sent = gossip_.publish(topic("records"), out.view()); !sent) {
    env_.log.warn("sync.announce_failed",
                  {{"record", to_cid(record->id)}, {"why", sent.error().to_string()}});
  }
}

GossipVerdict SyncService::check_announcement(const GossipMessage& message) {
  announced_.reset();
  const auto announcement = read_announcement(message.data);
  if (!announcement) return GossipVerdict::reject;
  if (announcement->name) return GossipVerdict::accept;
  auto record = open_record(announcement->envelope);
  if (!record) return GossipVerdict::reject;
  const Record& r = (*record)->record;
  // Of what is settled here nobody asks who may have written it; others may.
  if (fleet_.log().is_settled(r)) return GossipVerdict::ignore;
  switch (fleet_.log().right_of(r).verdict) {
    case Right::Verdict::allowed:
      break;
    case Right::Verdict::denied:
      return GossipVerdict::reject;
    case Right::Verdict::unknown:
      // Passed on it might bring blame: others may know the grant, and what it denies.
      return GossipVerdict::ignore;
  }
  // What is known already is passed on as its author's news only: anybody could set old records going again,
  // through everybody (RV11).
  const bool is_news = r.author == message.from && r.hlc > Hlc::at(fleet_.fleet_time() - news_age);
  if (fleet_.log().holds((*record)->id) && !is_news) return GossipVerdict::ignore;
  announced_ = std::move(*record);
  return GossipVerdict::accept;
}

void SyncService::on_announcement(const GossipMessage& message) {
  const auto announcement = read_announcement(message.data);
  if (!announcement) return;
  if (announcement->name) {
    if (!fleet_.log().holds(*announcement->name)) puller_.want(message.from);
    return;
  }
  RecordPtr record = std::exchange(announced_, nullptr);
  if (!record || !libp2p::equal(record->envelope, announcement->envelope)) {
    auto opened = open_record(announcement->envelope);
    if (!opened) return;
    record = std::move(*opened);
  }
  if (!fleet_.log().holds(record->id))
    tasks_.spawn("sync.take_announced", take_announced(message.from, std::move(record)));
}

Task<> SyncService::take_announced(PeerId from, RecordPtr record) {
  const auto accepted = co_await fleet_.accept({std::move(record)}, from);
  if (!accepted || accepted->waiting == 0) co_return;
  // Something before it is missing here: whoever wrote it has it, and so may any neighbour.
  puller_.want_from_any(from);
}

// ---- statuses ----

std::vector<Bytes> SyncService::statuses_for(const PeerId& asker, std::vector<StatusMark> known) const {
  std::vector<Bytes> statuses;
  if (!local_envelope_.empty()) statuses.push_back(local_envelope_);
  std::ranges::move(board_.news_to(asker, std::move(known), max_statuses_told), std::back_inserter(statuses));
  return statuses;
}

void SyncService::set_local_status(Status status) {
  status.incarnation = local_.incarnation;
  status.counter = local_.counter;
  local_ = std::move(status);
  status_due_ = true;
  status_changed_.notify_all();
}

Task<> SyncService::tell_status_periodically() {
  while (true) {
    const libp2p::Instant next = env_.now() + heartbeat_interval(fleet_.charter().members().size());
    while (!status_due_ && co_await status_changed_.wait_until(env_, next)) {
    }
    if (status_due_) co_await libp2p::sleep_for(env_, status_pause(fleet_.charter().members().size()));
    status_due_ = false;
    publish_status();
  }
}

void SyncService::update_fleet_time() {
  fleet_.set_clock_offset(board_.clock_offset(env_.clock.wall(), env_.now(), fresh_for()));
}

void SyncService::publish_status() {
  // A node that hears nobody follows its own clock.
  update_fleet_time();
  if (!fleet_.charter().member(fleet_.node())) return;
  local_.fleet = fleet_.id();
  local_.node = fleet_.node();
  ++local_.counter;
  local_.clock = env_.clock.wall();
  // Whoever waits until so many hold a change believes this (L6).
  local_.heads = fleet_.stored_heads();
  if (local_.heads.size() > max_status_heads) local_.heads.resize(max_status_heads);
  local_.merge_levels = newest_merge_level;
  local_.vector_digest.reset();
  if (const auto mark = state_mark()) {
    local_.vector_digest = mark->vector_digest;
    local_.revision = mark->revision;
    local_.revision_level = mark->level;
  }
  auto envelope = local_.seal(swarm_.identity());
  if (!envelope) {
    env_.log.error("status.unsealed", {{"why", envelope.error().to_string()}});
    return;
  }
  local_envelope_ = std::move(*envelope);
  if (!config_.gossip) return;
  if (const auto sent = gossip_.publish(topic("status"), local_envelope_); !sent) {
    env_.log.warn("status.unsent", {{"why", sent.error().to_string()}});
  }
}

void SyncService::on_status_message(const GossipMessage& message) { take_status(message.data, message.from); }

// A signature costs more than all the rest of this: it is looked at only for what is news, and not where the
// bus has shown already that the node itself sent it.
void SyncService::take_status(BytesView envelope, const std::optional<PeerId>& proven_sender) {
  auto status = Status::peek(envelope);
  if (!status || status->fleet != fleet_.id() || status->node == fleet_.node()) return;
  if (!gate_.is_member(status->node) || !board_.is_news(*status)) return;
  if (proven_sender != status->node) status = Status::open(envelope);
  if (!status) {
    env_.log.debug("status.refused", {{"why", status.error().to_string()}});
    return;
  }
  const PeerId node = status->node;
  const bool unknown_head =
      std::ranges::any_of(status->heads, [this](const RecordId& head) { return !fleet_.log().holds(head); });
  if (!board_.put(std::move(*status), libp2p::to_bytes(envelope), env_.now())) return;
  if (unknown_head) puller_.want_from_any(node);
  alarms_.heard(board_.find(node)->status, state_mark(), holds_record(), env_.now());
  update_fleet_time();
  for (StatusListener* listener : std::vector(listeners_)) listener->on_status(node);
}

Duration SyncService::fresh_for() const {
  return heartbeat_interval(fleet_.charter().members().size()) * missed_heartbeats;
}

std::optional<StateMark> SyncService::state_mark() const {
  if (!fleet_.settled() || !held_.empty() || !fleet_.revision()) return std::nullopt;
  return StateMark{digest(fleet_.log().vector()), *fleet_.revision(), fleet_.level()};
}

void SyncService::find_held() {
  const Hlc now = Hlc::at(fleet_.fleet_time());
  for (const RecordPtr& record : fleet_.log().records()) {
    if (record->record.hlc > now && fleet_.status_of(record->id).state == ChangeState::held)
      held_.insert(record->id);
  }
}

void SyncService::on_change_state(const RecordId& change, const ChangeStatus& status) {
  if (status.state == ChangeState::held) {
    held_.insert(change);
  } else {
    held_.erase(change);
  }
}

Alarms::Holds SyncService::holds_record() const {
  return [this](const RecordId& id) { return fleet_.log().holds(id); };
}

Task<> SyncService::watch_alarms() {
  while (true) {
    co_await libp2p::sleep_for(env_, alarm_interval);
    const libp2p::Instant now = env_.now();
    const Alarms::Changes changes =
        alarms_.update(board_, fresh_for(),
                       puller_.planner().unfetchable(fleet_.log().vector(), now, Alarms::unfetchable_after),
                       holds_record(), fleet_alarms(fleet_, clock_offsets(), env_.clock.wall(), now), now);
    for (const Alarm& alarm : changes.raised) {
      env_.log.warn("alarm", {{"kind", to_string(alarm.kind)},
                              {"node", alarm.node.to_string()},
                              {"what", alarm.what},
                              {"hint", explain(alarm)}});
    }
    for (const Alarm& alarm : changes.over) {
      env_.log.info(
          "alarm.over",
          {{"kind", to_string(alarm.kind)}, {"node", alarm.node.to_string()}, {"what", alarm.what}});
    }
    for (StatusListener* listener : std::vector(listeners_)) {
      for (const Alarm& alarm : changes.raised) listener->on_alarm(alarm, true);
      for (const Alarm& alarm : changes.over) listener->on_alarm(alarm, false);
    }
  }
}

std::optional<std::chrono::milliseconds> SyncService::clock_offset(const PeerId& node) const {
  using std::chrono::milliseconds;
  const auto behind = [this](libp2p::WallTime clock) {
    return std::chrono::duration_cast<milliseconds>(fleet_.fleet_time() - clock);
  };
  if (node == fleet_.node()) return behind(env_.clock.wall());
  const libp2p::Instant now = env_.now();
  if (!board_.is_fresh(node, now, fresh_for())) return std::nullopt;
  const SeenStatus* seen = board_.find(node);
  return behind(seen->status.clock + std::chrono::duration_cast<milliseconds>(now - seen->at));
}

ClockOffsets SyncService::clock_offsets() const {
  ClockOffsets offsets;
  for (const auto& [node, member] : fleet_.charter().members()) {
    if (const auto offset = clock_offset(node)) offsets.emplace(node, *offset);
  }
  return offsets;
}

void SyncService::on_state_differs(const RecordPtr& anchor) {
  tasks_.spawn("sync.remember_difference", remember_difference(anchor->id));
}

Task<> SyncService::remember_difference(RecordId anchor) {
  std::string differences = with_difference(fleet_, anchor, env_.clock.wall());
  // A store that fails is told of by itself; the alarm stands without it.
  (void)co_await fleet_.remember(std::string(differences_fact), std::move(differences));
}

bool SyncService::is_online(const PeerId& node) const {
  if (node == fleet_.node() || swarm_.is_connected(node)) return true;
  return board_.is_fresh(node, env_.now(), fresh_for());
}

bool SyncService::holds(const PeerId& node, const RecordId& record) const {
  if (node == fleet_.node()) return fleet_.log().holds(record);
  const SeenStatus* seen = board_.find(node);
  return seen && std::ranges::any_of(seen->status.heads, [&](const RecordId& head) {
           return head == record || fleet_.log().happened_before(record, head);
         });
}

// ---- members ----

void SyncService::on_charter_changed() {
  gate_.forget_proofs_known_to(fleet_.log());
  swarm_.recheck_admissions();
  keep_members_connected();
}

void SyncService::keep_members_connected() {
  for (const auto& [peer, member] : fleet_.charter().members()) {
    if (peer != fleet_.node() && kept_.insert(peer).second) swarm_.keep_connected(peer);
  }
}

}  // namespace starling
