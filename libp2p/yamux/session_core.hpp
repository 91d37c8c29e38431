// What a session, its coroutines and the handles of its streams share.
#pragma once

#include <memory>
#include <optional>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/io/limits.hpp"
#include "libp2p/io/stream.hpp"
#include "libp2p/yamux/multiplexer.hpp"
#include "libp2p/yamux/session.hpp"

namespace libp2p::yamux {

struct StreamWaiters {
  explicit StreamWaiters(Executor executor) : readable(executor), writable(executor) {}
  Notifier readable;
  Notifier writable;
};

// Kept alive by whoever uses it; the session ends it. The connection is dropped when the session stops, so a
// handle that is kept longer holds only memory.
class SessionCore : public std::enable_shared_from_this<SessionCore> {
 public:
  SessionCore(Env env, StreamPtr connection, YamuxRole role, const YamuxConfig& config);
  SessionCore(const SessionCore&) = delete;
  SessionCore& operator=(const SessionCore&) = delete;

  void draw_from(std::shared_ptr<MemoryBudget> memory);
  // The three loops of a session; they end once it has ended.
  static Task<> read_loop(std::shared_ptr<SessionCore> core);
  static Task<> write_loop(std::shared_ptr<SessionCore> core);
  static Task<> ping_loop(std::shared_ptr<SessionCore> core);

  static Task<Result<StreamPtr>> open_stream(std::shared_ptr<SessionCore> core);
  static Task<Result<StreamPtr>> accept_stream(std::shared_ptr<SessionCore> core);
  static Task<Result<Duration>> ping(std::shared_ptr<SessionCore> core);
  static Task<Error> wait_closed(std::shared_ptr<SessionCore> core);
  static Task<> wait_finished(std::shared_ptr<SessionCore> core);

  static Task<Result<std::size_t>> read(std::shared_ptr<SessionCore> core, SubstreamPtr stream,
                                        MutableBytes out);
  static Task<Result<>> write(std::shared_ptr<SessionCore> core, SubstreamPtr stream, BytesView data);
  Result<> close_write(Substream& stream);
  void reset(Substream& stream);
  void release(Substream& stream);

  // Ends the session. Without a farewell the connection is cut at once.
  void end(Error why, std::optional<GoAwayCode> farewell);
  // After the loops have been joined: nothing refers to the connection any more.
  void drop_connection();

  [[nodiscard]] const Multiplexer& multiplexer() const noexcept { return multiplexer_; }
  [[nodiscard]] const YamuxCounters& counters() const noexcept { return counters_; }

 private:
  [[nodiscard]] StreamPtr make_handle(SubstreamPtr stream);
  // Wakes whom the last calls to the multiplexer concern. To be called after each.
  void settle();
  void begin_end();
  void finish_loop();
  void watch_write();
  void on_write_watch();
  [[nodiscard]] Task<> take_in(BytesView bytes);

  Env env_;
  YamuxConfig config_;
  StreamPtr connection_;
  std::shared_ptr<MemoryBudget> memory_;  // null: not shared with others
  Multiplexer multiplexer_;
  Events events_;
  YamuxCounters counters_;

  Notifier output_;   // for the writer: there is something to write
  Notifier drained_;  // for the reader: answers were written, or bytes read
  Notifier acceptable_;
  Notifier openable_;
  Notifier ponged_;
  Notifier ended_;
  Notifier finished_;  // the loops on the connection have ended

  bool ending_ = false;
  int loops_left_ = 2;
  Instant last_heard_{};
  std::optional<Instant> write_began_;
  std::optional<DeadlineGuard> write_watch_;
  std::optional<DeadlineGuard> end_watch_;
};

}  // namespace libp2p::yamux
