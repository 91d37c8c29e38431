#include "libp2p/yamux/session.hpp"

#include <utility>

#include "libp2p/base/uncancelled.hpp"
#include "libp2p/yamux/session_core.hpp"

namespace libp2p {

using yamux::SessionCore;

YamuxSession::YamuxSession(Env env, StreamPtr connection, YamuxRole role, YamuxConfig config)
    : core_(std::make_shared<SessionCore>(env, std::move(connection), role, config)), tasks_(env) {}

YamuxSession::~YamuxSession() {
  // A session that never started has nothing to join; one that did was stopped, or the group says so and
  // aborts.
  core_->end(Error{Errc::closed, "this side dropped the session"}, std::nullopt);
  if (tasks_.empty()) core_->drop_connection();
}

void YamuxSession::draw_from(std::shared_ptr<MemoryBudget> memory) { core_->draw_from(std::move(memory)); }

void YamuxSession::start() {
  if (std::exchange(started_, true)) return;
  tasks_.spawn("yamux reader", SessionCore::read_loop(core_));
  tasks_.spawn("yamux writer", SessionCore::write_loop(core_));
  tasks_.spawn("yamux pinger", SessionCore::ping_loop(core_));
}

Task<Result<StreamPtr>> YamuxSession::open_stream() { return SessionCore::open_stream(core_); }
Task<Result<StreamPtr>> YamuxSession::accept_stream() { return SessionCore::accept_stream(core_); }
Task<Result<Duration>> YamuxSession::ping() { return SessionCore::ping(core_); }
Task<Error> YamuxSession::wait_closed() { return SessionCore::wait_closed(core_); }

void YamuxSession::close() {
  core_->end(Error{Errc::closed, "this side closed the session"}, yamux::GoAwayCode::normal);
}

Task<> YamuxSession::stop() {
  close();
  const UncancelledSection section = co_await begin_uncancelled();
  if (started_) co_await SessionCore::wait_finished(core_);
  co_await tasks_.stop();
  core_->drop_connection();
  co_await end_uncancelled(section);
}

bool YamuxSession::closed() const { return core_->multiplexer().ended().has_value(); }
std::optional<Duration> YamuxSession::rtt() const { return core_->multiplexer().round_trip().least(); }
std::size_t YamuxSession::stream_count() const { return core_->multiplexer().stream_count(); }
YamuxCounters YamuxSession::counters() const { return core_->counters(); }

}  // namespace libp2p
