// What a QUIC connection, its streams' handles, its socket and its timer share.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/io/stream.hpp"
#include "libp2p/transport/quic/ngtcp2_session.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p::quic {

class Hub;
class Port;

struct StreamWaiters {
  explicit StreamWaiters(Executor executor) : readable(executor), writable(executor) {}
  Notifier readable;
  Notifier writable;
};

// Kept alive by whoever uses it, and by the hub until it is finished. It runs by what its port and its timer
// bring: no coroutine belongs to it.
class ConnectionCore : public std::enable_shared_from_this<ConnectionCore> {
 public:
  [[nodiscard]] static std::shared_ptr<ConnectionCore> make(std::shared_ptr<Hub> hub,
                                                            std::shared_ptr<Port> port,
                                                            std::unique_ptr<Session> session,
                                                            Direction direction);
  ConnectionCore(const ConnectionCore&) = delete;
  ConnectionCore& operator=(const ConnectionCore&) = delete;
  ~ConnectionCore();

  // From the port and the hub.
  void on_datagram(const Path& path, BytesView datagram);
  // Something happened that may have left something to send, or somebody to wake: soon, and once.
  void mark();
  void flush(Batch& batch);

  // From its users.
  static Task<Result<>> wait_established(std::shared_ptr<ConnectionCore> core);
  static Task<Result<StreamPtr>> open_stream(std::shared_ptr<ConnectionCore> core);
  static Task<Result<StreamPtr>> accept_stream(std::shared_ptr<ConnectionCore> core);
  static Task<Error> wait_closed(std::shared_ptr<ConnectionCore> core);
  static Task<> wait_finished(std::shared_ptr<ConnectionCore> core);
  static Task<Result<std::size_t>> read(std::shared_ptr<ConnectionCore> core, StreamStatePtr stream,
                                        MutableBytes out);
  static Task<Result<>> write(std::shared_ptr<ConnectionCore> core, StreamStatePtr stream, BytesView data);
  Result<> close_write(StreamState& stream);
  void reset(StreamState& stream);
  void release(StreamState& stream);
  void close(Error why);
  void abandon(Error why);
  // Goes on from another of our addresses. Errors: as Session::migrate, and those of opening a socket.
  Result<> migrate(const boost::asio::ip::address& local);
  // Goes on from whichever address leads to the other side now, if ours is no longer it.
  void follow_route();

  [[nodiscard]] const Session& session() const noexcept { return *session_; }
  void draw_from(std::shared_ptr<MemoryBudget> memory) noexcept { session_->draw_from(std::move(memory)); }
  [[nodiscard]] Direction direction() const noexcept { return direction_; }
  [[nodiscard]] std::uint64_t bytes_in() const noexcept { return bytes_in_; }
  [[nodiscard]] std::uint64_t bytes_out() const noexcept { return bytes_out_; }

 private:
  ConnectionCore(std::shared_ptr<Hub> hub, std::shared_ptr<Port> port, std::unique_ptr<Session> session,
                 Direction direction);
  [[nodiscard]] StreamPtr make_handle(StreamStatePtr stream);
  void settle();
  void leave_half_open();
  void send_all(Batch& batch);
  [[nodiscard]] bool send(const Batch& batch);
  void arm();
  void on_timer();
  void finish();

  std::shared_ptr<Hub> hub_;
  std::shared_ptr<Port> port_;
  std::unique_ptr<Session> session_;
  Direction direction_;
  Env env_;
  Events events_;
  std::vector<ConnectionId> ids_;
  std::optional<Address> half_open_from_;  // while its handshake counts among those of that address
  bool marked_ = false;
  bool blocked_ = false;  // waits for the socket
  bool finished_ = false;
  Batch unsent_;
  std::optional<Instant> armed_for_;
  Timers::Id timer_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;

  Notifier established_;
  Notifier acceptable_;
  Notifier openable_;
  Notifier ended_;
  Notifier finished_signal_;
};

}  // namespace libp2p::quic
