// Many streams over one secured connection: Yamux, /yamux/1.0.0 (yamux/README.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "libp2p/base/env.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/base/task.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/io/limits.hpp"
#include "libp2p/io/stream.hpp"
#include "libp2p/yamux/config.hpp"

namespace libp2p {

namespace yamux {
class SessionCore;
}

struct YamuxCounters {
  std::uint64_t bytes_in = 0;  // on the connection below, headers included
  std::uint64_t bytes_out = 0;
  std::uint64_t streams_in = 0;  // accepted and opened since the start
  std::uint64_t streams_out = 0;
};

// Owned by whoever upgraded the connection; it owns the connection and the coroutines that serve it. All
// functions that wait may be left waiting while the session is stopped or destroyed: they then return an
// error.
//
// The streams it gives are independent of it: they may be kept longer, and then fail with Errc::reset, after
// what had arrived has been read. Dropping one resets it, unless it was closed for writing and everything
// read. One write() and one read_some() may be under way on each; a write() returns when its bytes are in a
// batch or behind at most two (about half a MiB).
class YamuxSession {
 public:
  YamuxSession(Env env, StreamPtr connection, YamuxRole role, YamuxConfig config = {});
  YamuxSession(const YamuxSession&) = delete;
  YamuxSession& operator=(const YamuxSession&) = delete;
  // Must not have been started, or have been stopped.
  ~YamuxSession();

  // What it buffers for the other side is drawn from `memory`, which others share. Before start().
  void draw_from(std::shared_ptr<MemoryBudget> memory);
  // Starts reading, writing and pinging. Once.
  void start();

  // SYN goes out with the first write, read or close_write of the stream. Waits while ack_backlog streams are
  // not acknowledged. Errors: closed (the session has ended, or the other side has said go away), limit (ids
  // used up).
  [[nodiscard]] Task<Result<StreamPtr>> open_stream();
  // The next stream of the other side. Errors: closed, once the session has ended.
  [[nodiscard]] Task<Result<StreamPtr>> accept_stream();
  // One round trip; joins a ping that is under way, and waits when six were sent within 10 s. Errors: timeout
  // (no answer within ping_timeout), closed.
  [[nodiscard]] Task<Result<Duration>> ping();

  // Ends the session in order: every stream fails at once, what was taken over for sending goes out, then go
  // away, then the connection closes, all within close_timeout. Idempotent; returns at once.
  void close();
  // close(), and waits until it is done and nothing of the session runs any more.
  [[nodiscard]] Task<> stop();
  // Waits until the session begins to end, and says why: closed (in order, by either side), timeout (the
  // other side is dead or doesn't read), protocol or limit (what it did wrong), reset, io.
  [[nodiscard]] Task<Error> wait_closed();

  // True from the beginning of the end.
  [[nodiscard]] bool closed() const;
  // The shortest of the last eight pings; nothing before the first.
  [[nodiscard]] std::optional<Duration> rtt() const;
  // Streams that are not yet closed by both sides, read to the end, or reset.
  [[nodiscard]] std::size_t stream_count() const;
  [[nodiscard]] YamuxCounters counters() const;

 private:
  std::shared_ptr<yamux::SessionCore> core_;
  TaskGroup tasks_;
  bool started_ = false;
};

}  // namespace libp2p
