// The QUIC protocol of one connection (RFC 9000 and 9001, through ngtcp2): datagrams and calls in, datagrams
// and events out. It neither waits nor reads a clock but for the date of certificates.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "libp2p/base/random.hpp"
#include "libp2p/base/rate_limit.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/transport/quic/memory_share.hpp"
#include "libp2p/transport/quic/ngtcp2_packets.hpp"
#include "libp2p/transport/quic/quic_config.hpp"
#include "libp2p/transport/quic/stream_state.hpp"
#include "libp2p/transport/quic/tls_identity.hpp"

namespace libp2p::quic {

// Datagrams for one path, all of `segment_bytes` but the last, which may be shorter: what the kernel takes at
// once.
struct Batch {
  static constexpr std::size_t max_bytes = 65'000;  // with its headers, less than UDP can say
  static constexpr std::size_t max_segments = 64;
  [[nodiscard]] BytesView view() const noexcept { return BytesView(buffer).first(size); }
  [[nodiscard]] bool empty() const noexcept { return size == 0; }
  // Of one datagram.
  void assign(Path to, BytesView datagram);

  Path path;
  std::size_t segment_bytes = 0;
  Bytes buffer;  // kept from batch to batch
  std::size_t size = 0;
};

// What has changed since it was last asked.
struct Events {
  std::vector<StreamStatePtr> touched;  // may be read, written, or has failed
  std::vector<ConnectionId> new_ids;    // what comes for these is this session's
  std::vector<ConnectionId> old_ids;    // no longer
  bool acceptable = false;              // a stream waits to be accepted
  bool openable = false;                // the other side allows more streams
};

// What all sessions of a transport share; it outlives them.
struct SessionParts {
  const QuicConfig& config;
  Random& random;
  const Clock& clock;  // for its wall time alone
  std::shared_ptr<const TlsIdentity> identity;
  Secret reset_secret;  // the stateless reset tokens follow from it
};

// Owned by a connection. It ends once, with a reason; what had been taken over for sending still goes out for
// a while, then the farewell, and finished() says that nothing will follow.
class Session {
 public:
  // `expected`: the handshake fails when somebody else answers. Errors: crypto, io (out of memory).
  [[nodiscard]] static Result<std::unique_ptr<Session>> connect(SessionParts parts, const Path& path,
                                                                std::optional<PeerId> expected, Instant now);
  // `retried`: what the client's first Initial went to, and its address is proven. The datagram with
  // `initial` is then to be given to receive().
  [[nodiscard]] static Result<std::unique_ptr<Session>> accept(SessionParts parts, const Path& path,
                                                               const Initial& initial,
                                                               std::optional<ConnectionId> retried,
                                                               Instant now);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // From and to the network.

  void receive(const Path& path, BytesView datagram, Instant now);
  // Replaces `batch`; false when there is nothing to send now.
  [[nodiscard]] bool take_output(Batch& batch, Instant now);
  [[nodiscard]] std::optional<Instant> next_timer() const;
  void on_timer(Instant now);
  // Goes on from another address of ours. Errors: busy (the other side has given us no id for it yet, or the
  // handshake isn't over), refused (the other side wants no migration), invalid_argument (it is there
  // already, or isn't the client).
  [[nodiscard]] Result<> migrate(const Address& local, Instant now);

  // From and to the streams' users. A StreamState is one that this session gave out.

  // Errors: busy (wait for Events::openable), closed.
  [[nodiscard]] Result<StreamStatePtr> open(Instant now);
  // Null when none waits.
  [[nodiscard]] StreamStatePtr accept();
  // Nothing: wait until the stream is touched, and call again.
  [[nodiscard]] std::optional<Result<std::size_t>> read(StreamState& stream, MutableBytes out, Instant now);
  // How many bytes were taken over, at least one. Nothing: as read().
  [[nodiscard]] std::optional<Result<std::size_t>> write(StreamState& stream, BytesView data);
  [[nodiscard]] Result<> close_write(StreamState& stream);
  void reset(StreamState& stream, Instant now);
  // The user lets the stream go. What it closed for writing is still sent, all else is reset.
  void release(StreamState& stream, Instant now);

  // The connection as a whole.

  // From now on its window grows, and write() takes over, by what `memory` grants; what comes unread within
  // the window that it has is counted there as far as that can be granted. Once, before any stream is used.
  void draw_from(std::shared_ptr<MemoryBudget> memory) noexcept { memory_.draw_from(std::move(memory)); }

  // Both sides have proven who they are: for a client that the server said so, too, since its own part of the
  // handshake ends before the server has looked at its certificate.
  [[nodiscard]] bool established() const noexcept { return established_; }
  [[nodiscard]] const std::optional<PublicKey>& remote_key() const noexcept { return remote_key_; }
  // Ends it in order. All streams fail at once.
  void close(Error why, Instant now);
  // Says nothing more, not even farewell.
  void abandon(Error why);
  [[nodiscard]] const std::optional<Error>& ended() const noexcept { return ended_; }
  [[nodiscard]] bool finished() const noexcept { return ended_ && !native_ && farewell_.empty(); }
  // The other side knows that it has ended, and wants no answers.
  [[nodiscard]] bool peer_knows() const noexcept { return peer_knows_; }
  void take_events(Events& into);

  [[nodiscard]] const Path& path() const noexcept { return path_; }
  [[nodiscard]] std::size_t stream_count() const noexcept { return alive_; }
  [[nodiscard]] std::optional<Duration> rtt() const;
  [[nodiscard]] std::size_t buffered_bytes() const noexcept { return buffered_; }
  [[nodiscard]] std::size_t unread_bytes() const noexcept { return unread_; }
  // What ngtcp2 holds for data that came out of order.
  [[nodiscard]] std::size_t reordering_bytes() const noexcept { return reordering_; }
  [[nodiscard]] std::uint64_t window_bytes() const noexcept { return window_.size(); }
  [[nodiscard]] std::size_t migrations() const noexcept { return migrations_; }

 private:
  struct Native;
  struct Callbacks;
  Session(SessionParts parts, const Path& path, Instant now);
  [[nodiscard]] Result<> start(TlsSession::Role role, const ConnectionId& remote, const ConnectionId& own,
                               const Initial* initial, const std::optional<ConnectionId>& retried,
                               Instant now);
  [[nodiscard]] ConnectionId fresh_id(std::size_t size);

  void on_read_result(int code, Instant now);
  void follow_path(Instant now);
  void fail(int code, Instant now);
  void end(Error why);
  void say_farewell(bool in_order, int code, Instant now);
  void finish_when_sent(Instant now);
  void drop_native();
  [[nodiscard]] Error closed_by_peer() const;

  [[nodiscard]] std::ptrdiff_t write_packet(MutableBytes out, void* path_storage, Instant now);
  void took(StreamState& stream, std::size_t bytes, bool with_fin);
  [[nodiscard]] StreamState* next_turn();
  void queue_turn(StreamState& stream);
  void retry_blocked();

  StreamState& add_stream(std::int64_t id, bool inbound, Instant now);
  void touch(StreamState& stream);
  void credit(StreamState& stream, std::uint64_t bytes, Instant now);
  void discard_unread(StreamState& stream, Instant now);
  [[nodiscard]] std::size_t held(std::size_t unread, std::size_t buffered) const noexcept;
  [[nodiscard]] std::size_t affordable(const StreamState& stream, std::size_t wanted) noexcept;
  void unbuffer(std::size_t bytes) noexcept;
  [[nodiscard]] bool others_keep_us_waiting() const;
  void watch_progress(Instant now);
  void retire(StreamState& stream);
  void count_off(StreamState& stream);

  SessionParts parts_;
  std::unique_ptr<Native> native_;  // null once nothing more is to be said
  Path path_;
  bool client_ = false;
  std::optional<PeerId> expected_;
  std::optional<PublicKey> remote_key_;
  std::optional<Error> verdict_;  // why the other side's certificate was refused, or our own check failed
  bool established_ = false;
  bool other_versions_ = false;  // a version negotiation came
  std::optional<Error> ended_;
  bool peer_knows_ = false;
  bool reset_by_peer_ = false;
  std::optional<Instant> linger_until_;
  Batch farewell_;
  Batch held_;  // a datagram that didn't fit with those before it

  Events events_;
  std::map<std::int64_t, StreamStatePtr> streams_;
  std::deque<StreamStatePtr> incoming_;  // not accepted yet
  std::deque<StreamStatePtr> turns_;
  std::vector<StreamStatePtr> blocked_;  // by flow control when they last tried
  bool heard_ = false;                   // anything since
  std::size_t alive_ = 0;
  std::size_t buffered_ = 0;  // in all outgoing
  std::size_t unread_ = 0;    // in all streams
  // When something was last acknowledged, or began to wait for it; nothing waits without it.
  std::optional<Instant> progress_;
  ReceiveWindow window_;
  MemoryShare memory_;  // what window_ has grown by is taken from its budget, too
  RateLimit migration_limit_;
  std::size_t migrations_ = 0;
  std::size_t reordering_ = 0;
  Instant now_{};  // of the call that is under way, for what ngtcp2 calls back
};

}  // namespace libp2p::quic
