#include "libp2p/transport/quic/connection_core.hpp"

#include <algorithm>
#include <utility>

#include "libp2p/transport/quic/hub.hpp"
#include "libp2p/transport/quic/port.hpp"
#include "libp2p/transport/quic/quic_stream.hpp"

namespace libp2p::quic {
namespace {

// What one connection sends before others have their turn.
constexpr int batches_a_turn = 4;
// What is due and can't be done, since the socket is full, is not tried without a pause.
constexpr std::chrono::microseconds least_timer(50);

}  // namespace

std::shared_ptr<ConnectionCore> ConnectionCore::make(std::shared_ptr<Hub> hub, std::shared_ptr<Port> port,
                                                     std::unique_ptr<Session> session, Direction direction) {
  std::shared_ptr<ConnectionCore> made(
      new ConnectionCore(std::move(hub), std::move(port), std::move(session), direction));
  made->hub_->add(made);
  made->settle();
  return made;
}

ConnectionCore::ConnectionCore(std::shared_ptr<Hub> hub, std::shared_ptr<Port> port,
                               std::unique_ptr<Session> session, Direction direction)
    : hub_(std::move(hub)),
      port_(std::move(port)),
      session_(std::move(session)),
      direction_(direction),
      env_(hub_->env()),
      established_(env_.executor),
      acceptable_(env_.executor),
      openable_(env_.executor),
      ended_(env_.executor),
      finished_signal_(env_.executor) {
  if (direction == Direction::outbound) return;
  half_open_from_ = session_->path().remote;
  hub_->begin_half_open(*half_open_from_);
}

ConnectionCore::~ConnectionCore() {
  leave_half_open();
  env_.timers.cancel(timer_);
}

void ConnectionCore::leave_half_open() {
  if (const auto from = std::exchange(half_open_from_, std::nullopt)) hub_->end_half_open(*from);
}

void ConnectionCore::on_datagram(const Path& path, BytesView datagram) {
  bytes_in_ += datagram.size();
  session_->receive(path, datagram, env_.now());
  mark();
}

void ConnectionCore::mark() {
  if (finished_ || std::exchange(marked_, true)) return;
  hub_->flush_soon(shared_from_this());
}

void ConnectionCore::flush(Batch& batch) {
  marked_ = false;
  if (finished_) return;
  blocked_ = false;
  settle();
  send_all(batch);
  settle();
  arm();
  if (session_->finished() && !blocked_) finish();
}

void ConnectionCore::send_all(Batch& batch) {
  if (!unsent_.empty()) {
    if (!send(unsent_)) return;
    unsent_.size = 0;
  }
  for (int left = batches_a_turn; left > 0; --left) {
    if (!session_->take_output(batch, env_.now())) return;
    if (!send(batch)) {
      unsent_.path = batch.path;
      unsent_.segment_bytes = batch.segment_bytes;
      unsent_.size = batch.size;
      unsent_.buffer.assign(batch.view().begin(), batch.view().end());
      return;
    }
  }
  mark();
}

// False: the socket takes no more now.
bool ConnectionCore::send(const Batch& batch) {
  // A validation of a path may go through another socket than the rest.
  const std::shared_ptr<Port> port =
      port_->serves(batch.path.local) ? port_ : hub_->port_from(batch.path.local);
  if (!port) return true;
  switch (port->send(batch)) {
    case UdpSocket::Sent::all:
      bytes_out_ += batch.size;
      return true;
    case UdpSocket::Sent::blocked:
      blocked_ = true;
      port->flush_when_writable(shared_from_this());
      return false;
    case UdpSocket::Sent::no_path:
      follow_route();
      return true;
  }
  return true;
}

void ConnectionCore::arm() {
  const auto next = session_->next_timer();
  if (!next || (armed_for_ && *armed_for_ <= *next)) return;
  env_.timers.cancel(timer_);
  armed_for_ = std::max(*next, env_.now() + least_timer);
  timer_ = env_.timers.schedule(*armed_for_, [weak = weak_from_this()] {
    if (const auto core = weak.lock()) core->on_timer();
  });
}

void ConnectionCore::on_timer() {
  armed_for_.reset();
  timer_ = 0;
  session_->on_timer(env_.now());
  mark();
}

// Wakes whom the last calls to the session concern.
void ConnectionCore::settle() {
  session_->take_events(events_);
  for (const ConnectionId& id : events_.new_ids) {
    hub_->route(id, *this);
    ids_.push_back(id);
  }
  for (const ConnectionId& id : events_.old_ids) {
    hub_->unroute(id, *this);
    std::erase(ids_, id);
  }
  for (const StreamStatePtr& stream : events_.touched) {
    if (!stream->waiters) continue;
    if (!stream->unread.empty() || stream->fin_received || stream->read_failure) {
      stream->waiters->readable.notify_all();
    }
    // Half empty at least: each wake then writes much.
    if (stream->write_failure || stream->outgoing.size() * 2 <= hub_->config().max_send_buffer_bytes) {
      stream->waiters->writable.notify_all();
    }
  }
  events_.touched.clear();
  if (events_.acceptable) acceptable_.notify_all();
  if (events_.openable) openable_.notify_all();
  if (session_->established()) {
    leave_half_open();
    established_.notify_all();
  }
  if (session_->ended()) {
    leave_half_open();
    for (Notifier* notifier : {&established_, &acceptable_, &openable_, &ended_}) notifier->notify_all();
  }
}

void ConnectionCore::finish() {
  if (std::exchange(finished_, true)) return;
  env_.log.debug("quic.ended", {{"why", session_->ended()->to_string()}});
  env_.timers.cancel(std::exchange(timer_, 0));
  finished_signal_.notify_all();
  // The socket may be closed with the last connection that used it.
  port_.reset();
  hub_->remove(*this, std::exchange(ids_, {}), session_->peer_knows());
}

Task<Result<>> ConnectionCore::wait_established(std::shared_ptr<ConnectionCore> core) {
  while (!core->session_->established() && !core->session_->ended()) co_await core->established_.wait();
  if (const auto& why = core->session_->ended()) co_return std::unexpected(*why);
  co_return Result<>{};
}

Task<Result<StreamPtr>> ConnectionCore::open_stream(std::shared_ptr<ConnectionCore> core) {
  for (;;) {
    auto stream = core->session_->open(core->env_.now());
    if (stream) co_return core->make_handle(std::move(*stream));
    if (stream.error().code != Errc::busy) co_return std::unexpected(std::move(stream).error());
    co_await core->openable_.wait();
  }
}

Task<Result<StreamPtr>> ConnectionCore::accept_stream(std::shared_ptr<ConnectionCore> core) {
  for (;;) {
    if (const auto& why = core->session_->ended()) {
      co_return fail(Errc::closed, "the connection ended: " + why->to_string());
    }
    if (StreamStatePtr stream = core->session_->accept()) co_return core->make_handle(std::move(stream));
    co_await core->acceptable_.wait();
  }
}

StreamPtr ConnectionCore::make_handle(StreamStatePtr stream) {
  stream->waiters = std::make_shared<StreamWaiters>(env_.executor);
  return std::make_unique<QuicStream>(shared_from_this(), std::move(stream));
}

Task<Error> ConnectionCore::wait_closed(std::shared_ptr<ConnectionCore> core) {
  while (!core->session_->ended()) co_await core->ended_.wait();
  co_return *core->session_->ended();
}

Task<> ConnectionCore::wait_finished(std::shared_ptr<ConnectionCore> core) {
  while (!core->finished_) co_await core->finished_signal_.wait();
}

Task<Result<std::size_t>> ConnectionCore::read(std::shared_ptr<ConnectionCore> core, StreamStatePtr stream,
                                               MutableBytes out) {
  for (;;) {
    if (auto done = core->session_->read(*stream, out, core->env_.now())) {
      core->mark();
      co_return std::move(*done);
    }
    co_await stream->waiters->readable.wait();
  }
}

Task<Result<>> ConnectionCore::write(std::shared_ptr<ConnectionCore> core, StreamStatePtr stream,
                                     BytesView data) {
  while (!data.empty()) {
    auto taken = core->session_->write(*stream, data);
    if (!taken) {
      co_await stream->waiters->writable.wait();
      continue;
    }
    if (!*taken) co_return std::unexpected(std::move(*taken).error());
    data = data.subspan(**taken);
    core->mark();
  }
  co_return Result<>{};
}

Result<> ConnectionCore::close_write(StreamState& stream) {
  Result<> done = session_->close_write(stream);
  mark();
  return done;
}

void ConnectionCore::reset(StreamState& stream) {
  session_->reset(stream, env_.now());
  mark();
}

void ConnectionCore::release(StreamState& stream) {
  session_->release(stream, env_.now());
  mark();
}

void ConnectionCore::close(Error why) {
  session_->close(std::move(why), env_.now());
  mark();
}

void ConnectionCore::abandon(Error why) {
  const auto self = shared_from_this();
  session_->abandon(std::move(why));
  settle();
  finish();
}

Result<> ConnectionCore::migrate(const boost::asio::ip::address& local) {
  if (finished_) return fail(Errc::closed, "the connection has ended");
  std::shared_ptr<Port> port = port_;
  if (!port->can_send_from(local)) {
    LIBP2P_TRY(port, hub_->port_to_dial_from(Address(local, 0)));
  }
  LIBP2P_CHECK(session_->migrate(Address(local, port->bound().port()), env_.now()));
  port_ = std::move(port);
  env_.log.debug("quic.migrated", {{"to", local.to_string()}});
  mark();
  return {};
}

void ConnectionCore::follow_route() {
  if (direction_ == Direction::inbound || session_->ended()) return;
  const auto source = source_towards(env_.executor, session_->path().remote);
  if (!source || source->address() == session_->path().local.address()) return;
  if (const auto moved = migrate(source->address()); !moved) {
    env_.log.debug("quic.not_migrated", {{"why", moved.error().to_string()}});
  }
}

}  // namespace libp2p::quic
