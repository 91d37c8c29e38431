// The Yamux protocol of one connection: frames and calls in, frames and events out. Pure: it neither waits
// nor reads a clock, so the same inputs give the same outputs to the last byte.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/rate_limit.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/yamux/config.hpp"
#include "libp2p/yamux/frame.hpp"
#include "libp2p/yamux/round_trip.hpp"
#include "libp2p/yamux/substream.hpp"
#include "libp2p/yamux/window.hpp"

namespace libp2p::yamux {

inline constexpr Duration rapid_reset_period = std::chrono::seconds(1);
inline constexpr std::size_t quiet_batch_bytes = 16U << 10;

// What has changed since it was last asked.
struct Events {
  std::vector<SubstreamPtr> touched;  // may be read, written, or has failed
  bool acceptable = false;            // a stream waits to be accepted
  bool openable = false;              // a stream was acknowledged or is gone: there may be room for another
  bool ponged = false;
  bool roomy = false;  // no longer overfull
};

// Owned by a session. It ends once, with a reason: by end(), or because the other side broke the protocol or
// a bound; from then on what comes is thrown away and what goes out is the farewell.
class Multiplexer {
 public:
  Multiplexer(YamuxRole role, const YamuxConfig& config);

  // What is unread, and what windows have grown by, is drawn from `memory`, too. Before anything is received.
  void draw_from(std::shared_ptr<MemoryBudget> memory) noexcept { budget_.draw_from(std::move(memory)); }

  // From and to the connection below.

  // Takes in bytes as they come, cut anywhere; how many. Less than all only while clogged() or overfull().
  [[nodiscard]] std::size_t receive(BytesView bytes, Instant now);
  // So many answers wait to be written that nothing more is read: the other side asks and doesn't listen.
  [[nodiscard]] bool clogged() const noexcept;
  // The unread bytes of all streams fill the budget, or no more memory is to be had: nothing more is read
  // until the users have read some of them (then Events::roomy), or shed() has reset the streams that hold
  // most, since what they wait for may be behind.
  [[nodiscard]] bool overfull() const noexcept { return overfull_ && !ended_; }
  void shed();
  [[nodiscard]] bool has_output() const noexcept;
  // Replaces `batch` by whole frames, about max_batch_bytes at most; possibly by nothing.
  void take_output(Bytes& batch, Instant now);
  // How long the connection below took for the last batch: on a slow one the next are smaller, so that pings
  // and other streams don't wait for seconds behind one.
  void batch_written(Duration took) noexcept;

  // From and to the streams' users. A reference to a Substream is one that this multiplexer gave out.

  // Errors: busy (too many are not acknowledged yet: wait for Events::openable), closed, limit (ids used up).
  [[nodiscard]] Result<SubstreamPtr> open(Instant now);
  // Null when none waits.
  [[nodiscard]] SubstreamPtr accept();
  // Nothing: `out` is kept to be filled, and the stream will be touched; then call again with the same `out`,
  // or cancel_read().
  [[nodiscard]] std::optional<Result<std::size_t>> read(Substream& stream, MutableBytes out);
  // What had been put into `out` goes back into the stream.
  void cancel_read(Substream& stream);
  // Nothing: `data` is kept and sent from, and the stream will be touched; then ask write_outcome(), or
  // cancel_write().
  [[nodiscard]] std::optional<Result<>> write(Substream& stream, BytesView data);
  [[nodiscard]] std::optional<Result<>> write_outcome(const Substream& stream) const;
  void cancel_write(Substream& stream) noexcept { stream.outgoing = {}; }
  [[nodiscard]] Result<> close_write(Substream& stream);
  void reset(Substream& stream);
  // The user lets the stream go. What it had closed for writing, and read, it need not reset: most often the
  // other side is about to close, too. If it writes instead, it is reset then.
  void release(Substream& stream);

  // The session as a whole.

  // True when a ping is on its way or about to be; false when too many were sent lately, then see
  // next_ping().
  [[nodiscard]] bool request_ping(Instant now);
  [[nodiscard]] Instant next_ping(Instant now) const { return own_pings_.next(now); }
  [[nodiscard]] const RoundTrip& round_trip() const noexcept { return round_trip_; }
  // Ends the session; all streams fail. With a farewell, what was taken over for sending still goes out, then
  // the go away, unless it accuses: then it goes alone.
  void end(Error why, std::optional<GoAwayCode> farewell);
  [[nodiscard]] const std::optional<Error>& ended() const noexcept { return ended_; }
  [[nodiscard]] bool peer_went_away() const noexcept { return peer_went_away_; }
  // The other side has said go away and no stream is left.
  [[nodiscard]] bool abandoned() const noexcept { return peer_went_away_ && streams_.empty() && !ended_; }
  void take_events(Events& into);
  // Gives back memory that a burst has left behind. To be called every few seconds.
  void trim();

  [[nodiscard]] const YamuxConfig& config() const noexcept { return config_; }
  [[nodiscard]] std::size_t stream_count() const noexcept { return streams_.size(); }
  [[nodiscard]] std::size_t unread_bytes() const noexcept { return unread_bytes_; }
  [[nodiscard]] std::size_t window_bytes() const noexcept { return budget_.taken(); }
  [[nodiscard]] std::size_t queued_control() const noexcept { return control_.size() / header_size; }

 private:
  // Receiving: multiplexer_receive.cpp.
  void on_header(const Header& header, Instant now);
  void on_stream_frame(const Header& header, Instant now);
  void on_live_frame(Substream& stream, const Header& header, Instant now);
  void on_stray_frame(const Header& header);
  [[nodiscard]] SubstreamPtr admit(const Header& header, Instant now);
  void on_ping(const Header& header, Instant now);
  void on_go_away(const Header& header);
  void on_payload(BytesView payload);
  void store(Substream& stream, BytesView payload);
  [[nodiscard]] std::size_t payload_room(std::size_t available);
  void on_fin(Substream& stream);
  void on_reset(Substream& stream, Instant now);
  void on_acknowledged(Substream& stream);
  [[nodiscard]] bool counts_as_empty(const Header& header) noexcept;

  // Sending: multiplexer_send.cpp.
  void encode_control(Instant now);
  void encode_payload();
  void send_turn(Substream& stream);
  void put(const Header& header);
  void answer(const Header& header);
  [[nodiscard]] Flags opening_flags(Substream& stream);
  void queue_turn(Substream& stream);
  void queue_update(Substream& stream);

  // Lives of streams: multiplexer.cpp.
  [[nodiscard]] bool is_ours(StreamId id) const noexcept {
    return (id % 2 == 1) == (role_ == YamuxRole::dialer);
  }
  [[nodiscard]] Substream* find(StreamId id);
  void touch(Substream& stream);
  void after_read(Substream& stream);
  void discard_unread(Substream& stream);
  void count_read(std::size_t bytes);
  void relieve();
  void fail_stream(Substream& stream, Errc code, std::string message);
  void cut_stream(Substream& stream, Errc code, std::string message);
  void settle_end(Substream& stream);
  void unlink(Substream& stream, bool reset_if_used = false);
  void remember(StreamId id, std::uint32_t credit, bool reset_if_used = false);
  bool tell_of_end(StreamId id);
  void refuse(Errc code, std::string message);

  YamuxRole role_;
  YamuxConfig config_;
  Budget budget_;
  RoundTrip round_trip_;
  std::optional<Error> ended_;
  Events events_;

  // Ordered, since the other side picks the ids: it could make them collide in a hash table.
  std::map<StreamId, SubstreamPtr> streams_;
  std::deque<SubstreamPtr> incoming_;  // not accepted yet
  std::size_t inbound_ = 0;
  std::size_t unacknowledged_ = 0;
  std::uint64_t next_id_;
  StreamId highest_peer_id_ = 0;
  bool peer_went_away_ = false;
  std::size_t unread_bytes_ = 0;  // of all streams in the table
  bool overfull_ = false;

  // Closed streams, and what the other side may still have had on its way for each.
  struct Closed {
    std::uint32_t credit;
    bool reset_if_used;
  };
  std::map<StreamId, Closed> closed_;
  std::deque<std::pair<StreamId, std::uint64_t>> closed_order_;  // with the trim() they came after
  std::uint64_t trims_ = 0;

  // The frame being received.
  HeaderBytes partial_header_{};
  std::size_t partial_size_ = 0;
  std::uint32_t payload_left_ = 0;
  bool payload_ends_stream_ = false;
  SubstreamPtr payload_stream_;  // null: skipped
  std::size_t empty_frames_ = 0;

  Bytes control_;  // answers that wait for their turn to be written
  Bytes out_;      // the next batch
  std::size_t batch_limit_;
  std::size_t largest_batch_ = 0;  // since the last trim()
  bool quiet_ = true;              // only small batches lately: their memory is not kept
  std::deque<SubstreamPtr> turns_;
  std::vector<SubstreamPtr> updates_;

  RateLimit peer_pings_;
  RateLimit own_pings_;
  RateLimit rapid_resets_;
  std::size_t stray_pongs_ = 0;
};

}  // namespace libp2p::yamux
