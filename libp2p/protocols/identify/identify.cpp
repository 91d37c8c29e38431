#include "libp2p/protocols/identify/identify.hpp"

#include <algorithm>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"

namespace libp2p {
namespace {

// One more as long as it lives.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  std::size_t& count_;
};

// Asking once more can help.
bool may_pass(const Error& error) {
  return error.code == Errc::timeout || error.code == Errc::reset || error.code == Errc::io ||
         error.code == Errc::busy;
}

}  // namespace

Identify::Identify(Env env, Swarm& swarm, IdentifyConfig config)
    : env_(env),
      swarm_(swarm),
      config_(std::move(config)),
      own_record_(env, swarm.identity(), swarm.peerstore()),
      learner_(env, swarm.peerstore(), config_.address_ttl),
      progress_(env.executor),
      local_changed_(env.executor),
      tasks_(env) {}

Identify::~Identify() = default;

void Identify::start() {
  handle_ = std::make_shared<Handle>(this);
  serve(identify::protocol_id, &Identify::answer);
  serve(identify::push_protocol_id, &Identify::take_push);
  note_local_change();
  pushed_revision_ = revision_;
  swarm_.add_observer(*this);
  for (const ConnectionInfo& connection : swarm_.connections()) {
    if (!connection.restricted) begin_asking(connection.peer, connection.id);
  }
  tasks_.spawn("identify.watch", watch_local_changes());
  tasks_.spawn("identify.push", push_changes());
}

Task<> Identify::stop() {
  if (handle_) {
    handle_->self = nullptr;
    handle_.reset();
    swarm_.remove_observer(*this);
    swarm_.remove_handler(identify::protocol_id);
    swarm_.remove_handler(identify::push_protocol_id);
  }
  co_await tasks_.stop();
  peers_.clear();
  progress_.notify_all();
}

void Identify::on_connection_opened(const ConnectionInfo& connection) {
  begin_asking(connection.peer, connection.id);
}

void Identify::on_connection_closed(const ConnectionInfo& connection, const Error& /*why*/) {
  observed_.connection_closed(connection.id, env_.now());
  if (const PeerPtr state = find(connection.peer)) state->asked.erase(connection.id);
}

void Identify::on_peer_disconnected(const PeerId& peer) {
  const PeerPtr state = find(peer);
  if (!state) return;
  // The time for which its addresses stay good begins now, however long it was here.
  if (state->info) swarm_.peerstore().add_addresses(peer, state->info->addresses, config_.address_ttl);
  peers_.erase(peer);
  progress_.notify_all();
}

void Identify::on_local_change() { note_local_change(); }

Identify::PeerPtr Identify::find(const PeerId& peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? nullptr : found->second;
}

Identify::PeerPtr Identify::find_or_add(const PeerId& peer) {
  if (PeerPtr state = find(peer)) return state;
  if (!swarm_.is_connected(peer)) return nullptr;
  return peers_.emplace(peer, std::make_shared<Peer>()).first->second;
}

std::optional<ConnectionInfo> Identify::connection_of(const PeerId& peer, ConnectionId id) const {
  for (ConnectionInfo& connection : swarm_.connections(peer)) {
    if (connection.id == id) return std::move(connection);
  }
  return std::nullopt;
}

std::optional<ConnectionId> Identify::connection_to(const PeerId& peer) const {
  for (const ConnectionInfo& connection : swarm_.connections(peer)) {
    if (!connection.restricted) return connection.id;
  }
  return std::nullopt;
}

std::optional<IdentifyInfo> Identify::info(const PeerId& peer) const {
  const PeerPtr state = find(peer);
  return state ? state->info : std::nullopt;
}

Task<Result<IdentifyInfo>> Identify::identify(PeerId peer) {
  bool asked = false;
  for (;;) {
    const PeerPtr state = handle_ ? find_or_add(peer) : nullptr;
    if (!state) co_return fail(Errc::not_found, "identify: not connected to " + peer.to_string());
    if (state->info) co_return *state->info;
    if (state->asking == 0 && asked && state->failure) co_return std::unexpected(*state->failure);
    if (state->asking == 0) {
      const auto connection = connection_to(peer);
      if (!connection) co_return fail(Errc::not_found, "identify: not connected to " + peer.to_string());
      state->asked.erase(*connection);
      begin_asking(peer, *connection);
    }
    asked = true;
    (void)co_await progress_.wait_until(env_, env_.now() + config_.timeout);
  }
}

// ---- answering

void Identify::serve(std::string_view protocol, Serve how) {
  swarm_.set_handler(std::string(protocol), [handle = handle_, how](InboundStream inbound) {
    return hand_over(handle, std::move(inbound), how);
  });
}

// The stream goes to a task of ours, which stop() can end and wait for.
Task<> Identify::hand_over(std::shared_ptr<Handle> handle, InboundStream inbound, Serve how) {
  Identify* self = handle->self;
  const PeerPtr state = self != nullptr ? self->find_or_add(inbound.peer) : nullptr;
  if (!state || state->serving >= self->config_.max_serving_per_peer) {
    inbound.stream->reset();
    co_return;
  }
  self->tasks_.spawn("identify.serve", (self->*how)(std::move(inbound), state));
}

Task<> Identify::answer(InboundStream inbound, PeerPtr state) {
  const Counted counted(state->serving);
  const DeadlineGuard deadline(env_, config_.timeout, [&stream = *inbound.stream] { stream.reset(); });
  const auto connection = connection_of(inbound.peer, inbound.connection);
  const auto sent = co_await send_own_message(*inbound.stream, state,
                                              connection ? std::optional(connection->remote) : std::nullopt);
  if (sent) {
    ++counters_.answered;
  } else {
    env_.log.debug("identify.answer_failed",
                   {{"peer", inbound.peer.short_string()}, {"why", sent.error().to_string()}});
  }
}

Task<Result<>> Identify::send_own_message(Stream& stream, PeerPtr state, std::optional<Multiaddr> observed) {
  note_local_change();
  identify::Message message;
  message.public_key = swarm_.identity().public_key().to_protobuf();
  message.protocol_version = config_.protocol_version;
  message.agent_version = config_.agent;
  message.protocols = own_protocols_;
  message.listen_addresses = own_addresses_;
  message.observed_address = std::move(observed);
  if (auto record = own_record_.envelope(own_addresses_)) {
    message.signed_peer_record = std::move(*record);
  } else {
    env_.log.warn("identify.record_failed", {{"why", record.error().to_string()}});
  }
  const std::uint64_t revision = revision_;
  LIBP2P_CO_CHECK(co_await identify::write_message(stream, std::move(message)));
  LIBP2P_CO_CHECK(co_await close_gracefully(stream));
  state->told = std::max(revision, state->told.value_or(0));
  co_return Result<>{};
}

Task<> Identify::take_push(InboundStream inbound, PeerPtr state) {
  const auto verdict = state->gate.arrived(env_.now());
  if (!verdict.keep) {
    ++counters_.pushes_refused;
    inbound.stream->reset();
    if (verdict.ask_at) {
      tasks_.spawn("identify.ask", ask_at(*verdict.ask_at, inbound.peer, inbound.connection, state));
    }
    co_return;
  }
  const Counted counted(state->serving);
  const DeadlineGuard deadline(env_, config_.timeout, [&stream = *inbound.stream] { stream.reset(); });
  const auto message = co_await identify::read_message(*inbound.stream);
  Result<> learnt = message ? Result<>{} : std::unexpected(message.error());
  if (learnt) {
    (void)co_await inbound.stream->close_write();
    const auto connection = connection_of(inbound.peer, inbound.connection);
    if (!connection) co_return;
    learnt = learn(*connection, *message, true, *state);
  } else {
    inbound.stream->reset();
  }
  if (learnt) {
    ++counters_.pushes_kept;
  } else {
    env_.log.debug("identify.push_failed",
                   {{"peer", inbound.peer.short_string()}, {"why", learnt.error().to_string()}});
  }
}

// ---- asking

void Identify::begin_asking(const PeerId& peer, ConnectionId connection) {
  const PeerPtr state = find_or_add(peer);
  if (!state || !state->asked.insert(connection).second) return;
  ++state->asking;  // now, for those who look before the task runs; it counts itself down
  tasks_.spawn("identify.ask", ask_until_told(peer, connection, state));
}

Task<> Identify::ask_until_told(PeerId peer, ConnectionId connection, PeerPtr state) {
  for (unsigned attempt = 1;; ++attempt) {
    const auto told = co_await ask(peer, connection, state);
    if (told || !may_pass(told.error()) || attempt >= config_.attempts) break;
    co_await sleep_for(env_, config_.retry_after);
    if (!connection_of(peer, connection)) break;
  }
  --state->asking;
  progress_.notify_all();
}

Task<> Identify::ask_at(Instant at, PeerId peer, ConnectionId connection, PeerPtr state) {
  co_await sleep_for(env_, at - env_.now());
  state->gate.asked(env_.now());
  // The connection that the push came over may have gone meanwhile.
  if (!connection_of(peer, connection)) connection = connection_to(peer).value_or(connection);
  (void)co_await ask(peer, connection, state);
}

Task<Result<>> Identify::ask(PeerId peer, ConnectionId connection, PeerPtr state) {
  auto message =
      co_await with_timeout(env_, config_.timeout, "identify: no answer in time", exchange(connection));
  const auto info = connection_of(peer, connection);
  Result<> learnt = message ? Result<>{} : std::unexpected(message.error());
  if (learnt && !info) learnt = fail(Errc::closed, "identify: the connection has ended");
  if (learnt) learnt = learn(*info, *message, false, *state);
  if (!learnt) {
    ++counters_.failed;
    state->failure = learnt.error();
    env_.log.debug("identify.failed", {{"peer", peer.short_string()}, {"why", learnt.error().to_string()}});
    co_return learnt;
  }
  ++counters_.identified;
  if (message->observed_address) {
    observed_.record({connection, info->direction, info->remote, *message->observed_address},
                     swarm_.listen_addresses(), env_.now());
    note_local_change();
  }
  progress_.notify_all();
  co_return learnt;
}

Task<Result<identify::Message>> Identify::exchange(ConnectionId connection) {
  // Not lazily: the other side speaks first, so there is nothing to send along.
  LIBP2P_CO_TRY(auto opened,
                co_await swarm_.open_stream_on(connection, {std::string(identify::protocol_id)}, false));
  auto message = co_await identify::read_message(*opened.stream);
  if (!message) {
    opened.stream->reset();
    co_return message;
  }
  (void)co_await opened.stream->close_write();
  co_return message;
}

Result<> Identify::learn(const ConnectionInfo& connection, const identify::Message& message, bool partial,
                         Peer& state) {
  IdentifyInfo info = state.info.value_or(IdentifyInfo{});
  const auto learnt = learner_.learn(connection, message, partial, info);
  if (!learnt) {
    // Whoever tells a key that it has not proved must not be talked to (ID04).
    ++counters_.impostors;
    env_.log.debug("identify.impostor",
                   {{"peer", connection.peer.short_string()}, {"why", learnt.error().message}});
    swarm_.disconnect(connection.peer);
    return learnt;
  }
  state.info = std::move(info);
  state.failure.reset();
  swarm_.notify_identified(connection.peer);
  // What changed here after it had asked, while it was not known yet whether it takes pushes.
  const PeerPtr known = find(connection.peer);
  if (known.get() == &state && state.told && *state.told < pushed_revision_)
    push_where_due(connection.peer, known);
  return {};
}

// ---- pushing

std::vector<Multiaddr> Identify::observed_addresses() { return observed_.confirmed(env_.now()); }

std::vector<Multiaddr> Identify::told_addresses() {
  std::vector<Multiaddr> told = swarm_.advertised_addresses();
  for (Multiaddr& address : observed_addresses()) {
    if (std::ranges::find(told, address) == told.end()) told.push_back(std::move(address));
  }
  if (told.size() > identify::max_addresses) told.resize(identify::max_addresses);
  return told;
}

void Identify::note_local_change() {
  std::vector<Multiaddr> addresses = told_addresses();
  std::vector<std::string> protocols = swarm_.protocols();
  if (addresses == own_addresses_ && protocols == own_protocols_ && revision_ > 0) return;
  own_addresses_ = std::move(addresses);
  own_protocols_ = std::move(protocols);
  ++revision_;
  local_changed_.notify_all();
}

// Addresses of the machine come and go without anybody telling.
Task<> Identify::watch_local_changes() {
  for (;;) {
    co_await sleep_for(env_, config_.check_interval);
    note_local_change();
  }
}

Task<> Identify::push_changes() {
  for (;;) {
    while (pushed_revision_ == revision_) co_await local_changed_.wait();
    co_await sleep_for(env_, config_.push_debounce);
    pushed_revision_ = revision_;
    for (const auto& [peer, state] : peers_) push_where_due(peer, state);
    co_await sleep_for(env_, config_.push_interval);
  }
}

void Identify::push_where_due(const PeerId& peer, const PeerPtr& state) {
  if (state->told.value_or(0) >= pushed_revision_) return;
  if (!swarm_.peerstore().supports(peer, identify::push_protocol_id)) return;
  tasks_.spawn("identify.push", push(peer, state));
}

Task<> Identify::push(PeerId peer, PeerPtr state) {
  const auto pushed = co_await with_timeout(env_, config_.timeout, "identify: the push was not taken in time",
                                            push_exchange(peer, state));
  if (pushed) {
    ++counters_.pushes_sent;
  } else {
    env_.log.debug("identify.push_failed",
                   {{"peer", peer.short_string()}, {"why", pushed.error().to_string()}});
  }
}

Task<Result<>> Identify::push_exchange(PeerId peer, PeerPtr state) {
  LIBP2P_CO_TRY(auto opened, co_await swarm_.open_stream(peer, {std::string(identify::push_protocol_id)}));
  const auto connection = connection_of(peer, opened.connection);
  co_return co_await send_own_message(*opened.stream, state,
                                      connection ? std::optional(connection->remote) : std::nullopt);
}

}  // namespace libp2p
