#include "starling/sync/sync_service.hpp"

#include <algorithm>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/protobuf.hpp"
#include "libp2p/io/framing.hpp"
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
  swarm_.set_handler(std::string(sync_protocol),
                     [this](libp2p::InboundStream s) { return serve_pull(std::move(s)); });
  if (config_.gossip) subscribe();
  keep_members_connected();
  tasks_.spawn("sync.pull", pull_periodically());
  tasks_.spawn("sync.status", tell_status_periodically());
}

Task<> SyncService::stop() {
  swarm_.remove_handler(sync_protocol);
  swarm_.remove_observer(*this);
  fleet_.remove_observer(*this);
  if (config_.gossip) {
    gossip_.unsubscribe(topic("records"));
    gossip_.unsubscribe(topic("status"));
  }
  co_await tasks_.stop();
}

// ---- pulling ----

Task<> SyncService::serve_pull(libp2p::InboundStream inbound) {
  libp2p::Stream& stream = *inbound.stream;
  const libp2p::DeadlineGuard deadline(env_, config_.pull_timeout, [&stream] { stream.reset(); });
  const auto bytes = co_await libp2p::read_length_prefixed(stream, max_pull_bytes);
  if (!bytes) co_return;
  const auto request = PullRequest::from_bytes(*bytes);
  if (!request) {
    env_.log.debug("sync.bad_request",
                   {{"peer", inbound.peer.short_string()}, {"why", request.error().message}});
    co_return;
  }
  std::vector<Bytes> statuses;
  if (!local_envelope_.empty()) statuses.push_back(local_envelope_);
  for (const auto& [node, seen] : board_.all()) {
    if (statuses.size() < max_statuses_told && node != inbound.peer) statuses.push_back(seen.envelope);
  }
  if (knows_more(request->vector, fleet_.log().vector())) want_pull(inbound.peer);
  const auto sent = co_await send_records(stream, missing_records(fleet_.log(), *request),
                                          std::move(statuses), fleet_.log().vector());
  if (sent) (void)co_await libp2p::close_gracefully(stream);
}

void SyncService::want_pull(const PeerId& peer) {
  if (!swarm_.is_connected(peer)) return;
  const auto [it, inserted] = pulling_.try_emplace(peer, false);
  if (!inserted) {
    it->second = true;
    return;
  }
  tasks_.spawn("sync.pull_from", pull_until_settled(peer));
}

Task<> SyncService::pull_until_settled(PeerId peer) {
  bool again = true;
  while (again) {
    pulling_[peer] = false;
    const auto done = co_await pull_once(peer);
    if (!done) {
      env_.log.debug("sync.pull_failed", {{"peer", peer.short_string()}, {"why", done.error().to_string()}});
      if (done.error().code == Errc::not_supported) co_await prove_membership(peer);
      break;
    }
    again = pulling_[peer];
  }
  pulling_.erase(peer);
}

Task<Result<>> SyncService::pull_once(PeerId peer) {
  LIBP2P_CO_TRY(auto opened, co_await swarm_.open_stream(peer, {std::string(sync_protocol)}));
  libp2p::Stream& stream = *opened.stream;
  const libp2p::DeadlineGuard deadline(env_, config_.pull_timeout, [&stream] { stream.reset(); });
  PullRequest request{fleet_.log().vector(), fleet_.log().missing()};
  if (request.wanted.size() > max_wanted) request.wanted.resize(max_wanted);
  LIBP2P_CO_CHECK(co_await libp2p::write_length_prefixed(stream, request.to_bytes()));
  const TakeRecords take = [this, &peer](std::vector<RecordPtr> records) -> Task<Result<>> {
    LIBP2P_CO_TRY(const Fleet::Accepted accepted, co_await fleet_.accept(std::move(records)));
    for (const auto& [id, why] : accepted.refused) {
      env_.log.debug("record.refused",
                     {{"from", peer.short_string()}, {"record", to_cid(id)}, {"why", why.message}});
    }
    co_return Result<>{};
  };
  LIBP2P_CO_TRY(const VersionVector theirs,
                co_await receive_records(
                    stream, take, [this](BytesView envelope) { take_status(envelope, std::nullopt); }));
  // They have written on while they answered.
  if (knows_more(theirs, fleet_.log().vector()) && fleet_.log().waiting() == 0) pulling_[peer] = true;
  co_return co_await libp2p::close_gracefully(stream);
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

Task<> SyncService::pull_periodically() {
  while (true) {
    const auto spread = static_cast<std::uint64_t>((config_.pull_most - config_.pull_least).count());
    co_await libp2p::sleep_for(
        env_, config_.pull_least + Duration(static_cast<std::int64_t>(env_.random.below(spread + 1))));
    const std::vector<PeerId> peers = swarm_.connected_peers();
    if (!peers.empty()) want_pull(peers[env_.random.below(peers.size())]);
  }
}

void SyncService::on_peer_connected(const PeerId& peer) { want_pull(peer); }

// ---- announcing ----

void SyncService::subscribe() {
  const auto records = gossip_.subscribe(
      topic("records"), [this](const GossipMessage& message) { on_announcement(message); },
      [this](const PeerId&, const GossipMessage& message) { return check_announcement(message.data); });
  const auto statuses = gossip_.subscribe(
      topic("status"), [this](const GossipMessage& message) { on_status_message(message); });
  if (!records || !statuses) env_.log.error("sync.subscribe_failed", {{"fleet", to_cid(fleet_.id())}});
}

void SyncService::on_records(const std::vector<RecordPtr>& records) {
  for (const RecordPtr& record : records) {
    // What came from elsewhere has been announced by its author; the status shows the rest that we hold it.
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

GossipVerdict SyncService::check_announcement(BytesView data) {
  announced_.reset();
  const auto announcement = read_announcement(data);
  if (!announcement) return GossipVerdict::reject;
  if (announcement->name) return GossipVerdict::accept;
  auto record = open_record(announcement->envelope);
  if (!record) return GossipVerdict::reject;
  if (fleet_.charter().founded() && fleet_.charter().judge((*record)->record) == Charter::Verdict::denied) {
    return GossipVerdict::reject;
  }
  announced_ = std::move(*record);
  return GossipVerdict::accept;
}

void SyncService::on_announcement(const GossipMessage& message) {
  const auto announcement = read_announcement(message.data);
  if (!announcement) return;
  if (announcement->name) {
    if (!fleet_.log().holds(*announcement->name)) want_pull(message.from);
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
  const auto accepted = co_await fleet_.accept({std::move(record)});
  if (!accepted || accepted->waiting == 0) co_return;
  // Something before it is missing here: whoever wrote it has it, and so may any neighbour.
  const std::vector<PeerId> peers = swarm_.connected_peers();
  if (swarm_.is_connected(from)) {
    want_pull(from);
  } else if (!peers.empty()) {
    want_pull(peers[env_.random.below(peers.size())]);
  }
}

// ---- statuses ----

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

void SyncService::publish_status() {
  if (!fleet_.charter().member(fleet_.node())) return;
  local_.fleet = fleet_.id();
  local_.node = fleet_.node();
  ++local_.counter;
  local_.clock = env_.clock.wall();
  local_.heads.clear();
  for (const RecordId& head : fleet_.log().heads()) {
    if (local_.heads.size() < max_status_heads) local_.heads.push_back(head);
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
  if (unknown_head) {
    const std::vector<PeerId> peers = swarm_.connected_peers();
    if (swarm_.is_connected(node)) {
      want_pull(node);
    } else if (!peers.empty()) {
      want_pull(peers[env_.random.below(peers.size())]);
    }
  }
  fleet_.set_clock_offset(board_.clock_offset(env_.clock.wall(), env_.now(),
                                              heartbeat_interval(fleet_.charter().members().size()) * 3));
  for (StatusListener* listener : std::vector(listeners_)) listener->on_status(node);
}

bool SyncService::is_online(const PeerId& node) const {
  if (node == fleet_.node() || swarm_.is_connected(node)) return true;
  return board_.is_fresh(node, env_.now(), heartbeat_interval(fleet_.charter().members().size()) * 3);
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
  swarm_.recheck_admissions();
  keep_members_connected();
}

void SyncService::keep_members_connected() {
  for (const auto& [peer, member] : fleet_.charter().members()) {
    if (peer != fleet_.node() && kept_.insert(peer).second) swarm_.keep_connected(peer);
  }
}

}  // namespace starling
