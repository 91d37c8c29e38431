#include "libp2p/yamux/session_core.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "libp2p/yamux/stream.hpp"

namespace libp2p::yamux {
namespace {

constexpr std::size_t idle_read_bytes = 4096;
constexpr Duration idle_after = std::chrono::seconds(1);

std::string in_words(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) + " ms";
}

// Memory that one object has drawn, until it gives it back or goes.
class DrawnBytes {
 public:
  explicit DrawnBytes(std::shared_ptr<MemoryBudget> memory) : memory_(std::move(memory)) {}
  DrawnBytes(const DrawnBytes&) = delete;
  DrawnBytes& operator=(const DrawnBytes&) = delete;
  ~DrawnBytes() { give_back(); }
  [[nodiscard]] bool draw(std::size_t bytes) {
    if (memory_ && !memory_->try_take(bytes)) return false;
    drawn_ += bytes;
    return true;
  }
  void give_back() {
    if (memory_) memory_->give_back(drawn_);
    drawn_ = 0;
  }

 private:
  std::shared_ptr<MemoryBudget> memory_;
  std::size_t drawn_ = 0;
};

}  // namespace

SessionCore::SessionCore(Env env, StreamPtr connection, YamuxRole role, const YamuxConfig& config)
    : env_(env),
      config_(workable(config)),
      connection_(std::move(connection)),
      multiplexer_(role, config),
      output_(env.executor),
      drained_(env.executor),
      acceptable_(env.executor),
      openable_(env.executor),
      ponged_(env.executor),
      ended_(env.executor),
      finished_(env.executor),
      last_heard_(env.now()) {}

void SessionCore::draw_from(std::shared_ptr<MemoryBudget> memory) {
  memory_ = memory;
  multiplexer_.draw_from(std::move(memory));
}

// The reader. Its buffer follows what a read brings: long transfers few calls, idle sessions a page.
Task<> SessionCore::read_loop(std::shared_ptr<SessionCore> core) {
  Bytes buffer(std::min(idle_read_bytes, core->config_.max_read_bytes));
  DrawnBytes beyond_a_page(core->memory_);
  for (;;) {
    auto got = co_await core->connection_->read_some(buffer);
    if (!got || *got == 0) {
      Error why{Errc::closed, "the other side closed the connection"};
      if (!got && !core->multiplexer_.peer_went_away()) why = std::move(got).error();
      core->end(std::move(why), std::nullopt);
      break;
    }
    const Instant now = core->env_.now();
    const bool was_idle = now - core->last_heard_ >= idle_after;
    core->last_heard_ = now;
    co_await core->take_in(BytesView(buffer).first(*got));
    if (*got == buffer.size() && buffer.size() < core->config_.max_read_bytes) {
      const std::size_t larger = std::min(buffer.size() * 2, core->config_.max_read_bytes);
      if (beyond_a_page.draw(larger - buffer.size())) buffer.resize(larger);
    } else if (was_idle && *got < idle_read_bytes && buffer.size() > idle_read_bytes) {
      buffer = Bytes(idle_read_bytes);
      beyond_a_page.give_back();
    }
  }
  core->finish_loop();
}

Task<> SessionCore::take_in(BytesView bytes) {
  counters_.bytes_in += bytes.size();
  for (;;) {
    bytes = bytes.subspan(multiplexer_.receive(bytes, last_heard_));
    settle();
    if (bytes.empty()) co_return;
    // The other side asks faster than it reads the answers: it is not listened to until it does.
    while (multiplexer_.clogged()) co_await drained_.wait();
    const Instant deadline = env_.now() + config_.unread_timeout;
    while (multiplexer_.overfull() && co_await drained_.wait_until(env_, deadline)) {
    }
    multiplexer_.shed();
    settle();
  }
}

// The writer: everything that is queued goes into one write to the connection below.
Task<> SessionCore::write_loop(std::shared_ptr<SessionCore> core) {
  Bytes batch;
  Result<> written;
  for (;;) {
    core->multiplexer_.take_output(batch, core->env_.now());
    core->drained_.notify_all();
    core->settle();
    if (batch.empty()) {
      if (core->multiplexer_.has_output()) continue;
      if (core->multiplexer_.ended()) break;
      co_await core->output_.wait();
      continue;
    }
    const Instant began = core->env_.now();
    core->write_began_ = began;
    core->watch_write();
    written = co_await core->connection_->write(batch);
    core->write_began_.reset();
    if (!written) {
      core->end(written.error(), std::nullopt);
      break;
    }
    core->counters_.bytes_out += batch.size();
    core->multiplexer_.batch_written(core->env_.now() - began);
  }
  // The reader goes on to the other side's end, so that what is unread doesn't turn a close into a reset.
  if (written) (void)co_await core->connection_->close_write();
  core->finish_loop();
}

void SessionCore::finish_loop() {
  if (--loops_left_ > 0) return;
  end_watch_.reset();
  write_watch_.reset();
  connection_->reset();
  finished_.notify_all();
}

// One timer watches all writes: it is set anew only when it fires, not for each batch.
void SessionCore::watch_write() {
  if (!write_watch_) write_watch_.emplace(env_, config_.write_timeout, [this] { on_write_watch(); });
}

void SessionCore::on_write_watch() {
  write_watch_.reset();
  if (!write_began_) return;
  const Instant deadline = *write_began_ + config_.write_timeout;
  const Instant now = env_.now();
  if (now < deadline) {
    write_watch_.emplace(env_, deadline - now, [this] { on_write_watch(); });
    return;
  }
  end(Error{Errc::timeout, "the other side read nothing for " + in_words(config_.write_timeout)},
      std::nullopt);
}

// Keep-alive and the measure of the round trip. Anything that comes proves life: behind a long transfer on a
// slow path an answer may take longer than the time-out.
Task<> SessionCore::ping_loop(std::shared_ptr<SessionCore> core) {
  Multiplexer& multiplexer = core->multiplexer_;
  while (!multiplexer.ended()) {
    const Instant began = core->env_.now();
    if (multiplexer.request_ping(began)) {
      const std::uint64_t answers = multiplexer.round_trip().answers();
      core->settle();
      while (!multiplexer.ended() && multiplexer.round_trip().answers() == answers) {
        const Instant deadline = std::max(began, core->last_heard_) + core->config_.ping_timeout;
        if (core->env_.now() >= deadline) {
          core->end(Error{Errc::timeout, "the other side sent nothing for " +
                                             in_words(core->config_.ping_timeout) + " after a ping"},
                    std::nullopt);
          co_return;
        }
        (void)co_await core->ponged_.wait_until(core->env_, deadline);
      }
    }
    multiplexer.trim();
    const Instant next = began + core->config_.ping_interval;
    while (!multiplexer.ended() && co_await core->ended_.wait_until(core->env_, next)) {
    }
  }
}

Task<Result<Duration>> SessionCore::ping(std::shared_ptr<SessionCore> core) {
  Multiplexer& multiplexer = core->multiplexer_;
  while (!multiplexer.ended() && !multiplexer.request_ping(core->env_.now())) {
    (void)co_await core->ended_.wait_until(core->env_, multiplexer.next_ping(core->env_.now()));
  }
  const Instant limit = core->env_.now() + core->config_.ping_timeout;
  const std::uint64_t answers = multiplexer.round_trip().answers();
  core->settle();
  while (!multiplexer.ended() && multiplexer.round_trip().answers() == answers) {
    if (!co_await core->ponged_.wait_until(core->env_, limit)) {
      co_return fail(Errc::timeout, "no answer to a ping within " + in_words(core->config_.ping_timeout));
    }
  }
  if (multiplexer.round_trip().answers() == answers) {
    co_return fail(Errc::closed, "the connection ended: " + multiplexer.ended()->to_string());
  }
  co_return multiplexer.round_trip().latest();
}

Task<Error> SessionCore::wait_closed(std::shared_ptr<SessionCore> core) {
  while (!core->multiplexer_.ended()) co_await core->ended_.wait();
  co_return *core->multiplexer_.ended();
}

Task<> SessionCore::wait_finished(std::shared_ptr<SessionCore> core) {
  while (core->loops_left_ > 0) co_await core->finished_.wait();
}

Task<Result<StreamPtr>> SessionCore::open_stream(std::shared_ptr<SessionCore> core) {
  for (;;) {
    auto stream = core->multiplexer_.open(core->env_.now());
    if (stream) {
      ++core->counters_.streams_out;
      co_return core->make_handle(std::move(*stream));
    }
    if (stream.error().code != Errc::busy) co_return std::unexpected(std::move(stream).error());
    co_await core->openable_.wait();
  }
}

Task<Result<StreamPtr>> SessionCore::accept_stream(std::shared_ptr<SessionCore> core) {
  for (;;) {
    if (const auto& why = core->multiplexer_.ended()) {
      co_return fail(Errc::closed, "the connection ended: " + why->to_string());
    }
    if (SubstreamPtr stream = core->multiplexer_.accept()) {
      ++core->counters_.streams_in;
      StreamPtr handle = core->make_handle(std::move(stream));
      core->settle();
      co_return handle;
    }
    co_await core->acceptable_.wait();
  }
}

StreamPtr SessionCore::make_handle(SubstreamPtr stream) {
  stream->waiters = std::make_shared<StreamWaiters>(env_.executor);
  return std::make_unique<YamuxStream>(shared_from_this(), std::move(stream));
}

Task<Result<std::size_t>> SessionCore::read(std::shared_ptr<SessionCore> core, SubstreamPtr stream,
                                            MutableBytes out) {
  // A cancelled wait must not lose what was put into its caller's buffer meanwhile.
  struct Withdraw {
    Multiplexer& multiplexer;
    Substream& stream;
    ~Withdraw() { multiplexer.cancel_read(stream); }
  };
  auto done = core->multiplexer_.read(*stream, out);
  core->settle();
  if (done) co_return std::move(*done);
  const Withdraw withdraw{core->multiplexer_, *stream};
  while (!done) {
    co_await stream->waiters->readable.wait();
    done = core->multiplexer_.read(*stream, out);
    core->settle();
  }
  co_return std::move(*done);
}

Task<Result<>> SessionCore::write(std::shared_ptr<SessionCore> core, SubstreamPtr stream, BytesView data) {
  struct Withdraw {
    Multiplexer& multiplexer;
    Substream& stream;
    ~Withdraw() { multiplexer.cancel_write(stream); }
  };
  auto done = core->multiplexer_.write(*stream, data);
  core->settle();
  if (done) co_return std::move(*done);
  const Withdraw withdraw{core->multiplexer_, *stream};
  while (!done) {
    co_await stream->waiters->writable.wait();
    done = core->multiplexer_.write_outcome(*stream);
  }
  co_return std::move(*done);
}

Result<> SessionCore::close_write(Substream& stream) {
  Result<> done = multiplexer_.close_write(stream);
  settle();
  return done;
}

void SessionCore::reset(Substream& stream) {
  multiplexer_.reset(stream);
  settle();
}

void SessionCore::release(Substream& stream) {
  multiplexer_.release(stream);
  settle();
}

void SessionCore::end(Error why, std::optional<GoAwayCode> farewell) {
  multiplexer_.end(std::move(why), farewell);
  settle();
}

void SessionCore::settle() {
  multiplexer_.take_events(events_);
  for (const SubstreamPtr& stream : events_.touched) {
    const bool failed = stream->failure.has_value();
    if (failed || stream->delivered > 0 || !stream->unread.empty() || stream->fin_received) {
      stream->waiters->readable.notify_all();
    }
    if (failed || stream->outgoing.empty()) stream->waiters->writable.notify_all();
  }
  events_.touched.clear();
  if (events_.acceptable) acceptable_.notify_all();
  if (events_.openable) openable_.notify_all();
  if (events_.ponged) ponged_.notify_all();
  if (events_.roomy) drained_.notify_all();
  if (multiplexer_.abandoned()) {
    multiplexer_.end(Error{Errc::closed, "the other side closed the session"}, GoAwayCode::normal);
  }
  if (multiplexer_.ended()) begin_end();
  if (multiplexer_.has_output()) output_.notify_one();
}

void SessionCore::begin_end() {
  if (std::exchange(ending_, true)) return;
  env_.log.debug("yamux.ended", {{"why", multiplexer_.ended()->to_string()}});
  for (Notifier* notifier : {&output_, &drained_, &acceptable_, &openable_, &ponged_, &ended_})
    notifier->notify_all();
  if (!multiplexer_.has_output()) {
    connection_->reset();
    return;
  }
  end_watch_.emplace(env_, config_.close_timeout, [this] { connection_->reset(); });
}

void SessionCore::drop_connection() {
  end_watch_.reset();
  write_watch_.reset();
  connection_.reset();
}

}  // namespace libp2p::yamux
