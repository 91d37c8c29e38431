// Two multiplexers, their users and the wire between them, driven by a string of bytes; and the model they
// are held to: two sides that keep to the protocol never accuse one another, and each byte written is read in
// order and once.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <map>

#include "libp2p/yamux/multiplexer.hpp"

namespace libp2p::test {

inline void require_model(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "the model was broken: %s\n", what);
  std::abort();
}

class YamuxModel {
 public:
  explicit YamuxModel(BytesView script)
      : script_(script),
        muxers_{yamux::Multiplexer(YamuxRole::dialer, config()),
                yamux::Multiplexer(YamuxRole::listener, config())} {}

  void run() {
    while (!script_.empty()) step();
    if (!any_ended()) finish();
  }

 private:
  static constexpr std::uint64_t most_of_a_stream = 300'000;

  // One side's user of one stream.
  struct User {
    yamux::SubstreamPtr stream;
    Bytes outgoing;  // of the write under way
    Bytes wanted;    // of the read under way
    bool writing = false;
    bool reading = false;
    bool closed = false;
    bool let_go = false;
    bool at_end = false;
    bool failed = false;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
  };
  using Users = std::array<User, 2>;

  std::uint8_t next() {
    if (script_.empty()) return 0;
    const std::uint8_t byte = script_.front();
    script_ = script_.subspan(1);
    return byte;
  }
  // Mostly small, now and then beyond the first window.
  std::size_t next_size() {
    const std::uint8_t byte = next();
    return byte < 200 ? byte : (std::size_t{byte} - 199) * 5'000;
  }
  YamuxConfig config() {
    YamuxConfig config;
    config.max_rapid_resets = 1'000'000;
    config.ack_backlog = 1 + next() % 8;
    config.max_inbound_streams = 1 + next() % 8;
    config.budget_bytes = std::size_t{next()} * 20'000;
    config.max_chunk_bytes = 100 + std::size_t{next()} * 300;
    config.max_batch_bytes = 1 + std::size_t{next()} * 1200;
    config.max_queued_control = 1 + next() % 8;
    return config;
  }
  [[nodiscard]] bool any_ended() const { return muxers_[0].ended() || muxers_[1].ended(); }

  void step() {
    const std::uint8_t op = next();
    const std::size_t side = op & 1U;
    switch ((op >> 1U) % 12) {
      case 0:
        return open(side);
      case 1:
        return (void)accept(side);
      case 2:
      case 3:
        return write(side, pick(side), next_size());
      case 4:
      case 5:
        return read(side, pick(side), 1 + next_size());
      case 6:
        return close(side, pick(side));
      case 7:
        return let_go(side, pick(side), (next() & 1U) != 0);
      case 8:
      case 9:
        return (void)carry(side, 1 + next_size());
      case 10:
        return withdraw(pick(side));
      default:
        return other(side);
    }
  }
  void other(std::size_t side) {
    const std::uint8_t which = next();
    now_ += std::chrono::milliseconds(which);
    if (which < 64) {
      (void)muxers_[side].request_ping(now_);
    } else if (which < 128) {
      trim(side);
    } else if (which < 192) {
      muxers_[side].batch_written(std::chrono::milliseconds(which % 8 * 200));
    } else if (which < 224) {
      muxers_[side].shed();
    } else if (which == 255) {
      muxers_[side].end(Error{Errc::closed, "the script said so"}, yamux::GoAwayCode::normal);
    }
  }

  // A closed stream is remembered for a minute, twelve trims: what was sent before its end became known is
  // not under way for so long.
  void trim(std::size_t side) {
    if (++trims_[side] % 8 == 0) deliver_all();
    muxers_[side].trim();
  }
  void deliver_all() {
    for (bool moved = true; moved;) {
      moved = carry(0, SIZE_MAX);
      moved = carry(1, SIZE_MAX) || moved;
      for (yamux::Multiplexer& mux : muxers_) {
        if (!mux.overfull()) continue;
        mux.shed();
        moved = true;
      }
    }
  }

  User* pick(std::size_t side) {
    const std::uint8_t which = next();
    if (users_.empty()) return nullptr;
    auto it = users_.begin();
    std::advance(it, which % users_.size());
    User& user = it->second[side];
    return user.stream && !user.let_go ? &user : nullptr;
  }
  void add(std::size_t side, yamux::SubstreamPtr stream) {
    User& user = users_[stream->id][side];
    require_model(!user.stream, "an id was given out twice");
    user.stream = std::move(stream);
  }
  void open(std::size_t side) {
    if (users_.size() >= 64) return;
    if (auto stream = muxers_[side].open(now_)) add(side, std::move(*stream));
  }
  bool accept(std::size_t side) {
    auto stream = muxers_[side].accept();
    if (!stream) return false;
    add(side, std::move(stream));
    return true;
  }

  static std::uint8_t content(yamux::StreamId id, std::size_t side, std::uint64_t position) {
    return static_cast<std::uint8_t>(id * 31 + side * 101 + position * 7 + (position >> 8U));
  }
  void write(std::size_t side, User* user, std::size_t size) {
    if (user == nullptr || user->closed || poll_write(side, *user)) return;
    if (user->sent > most_of_a_stream) size %= 100;
    user->outgoing.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
      user->outgoing[i] = content(user->stream->id, side, user->sent + i);
    }
    const auto done = muxers_[side].write(*user->stream, user->outgoing);
    user->writing = true;
    settle_write(*user, done);
  }
  // Whether a write is still under way.
  bool poll_write(std::size_t side, User& user) {
    if (user.writing) settle_write(user, muxers_[side].write_outcome(*user.stream));
    return user.writing;
  }
  static void settle_write(User& user, const std::optional<Result<>>& done) {
    if (!done) return;
    user.writing = false;
    if (*done) {
      user.sent += user.outgoing.size();
    } else {
      user.failed = true;
      user.sent += user.outgoing.size();  // at most
    }
  }
  void read(std::size_t side, User* user, std::size_t size) {
    if (user == nullptr || user->at_end) return;
    if (!user->reading) user->wanted.assign(size, 0);
    const auto done = muxers_[side].read(*user->stream, user->wanted);
    user->reading = !done;
    if (!done) return;
    if (!*done) {
      user->failed = true;
      return;
    }
    const yamux::StreamId id = user->stream->id;
    const User& writer = users_[id][1 - side];
    if (**done == 0) {
      user->at_end = true;
      require_model(writer.closed, "an end that nobody made");
      require_model(user->received == writer.sent, "an end before all had come");
    }
    for (std::size_t i = 0; i < **done; ++i) {
      require_model(user->wanted[i] == content(id, 1 - side, user->received + i), "a byte out of its place");
    }
    user->received += **done;
    const std::uint64_t sending = writer.writing ? writer.outgoing.size() : 0;
    require_model(user->received <= writer.sent + sending, "more was read than written");
  }
  void close(std::size_t side, User* user) {
    if (user == nullptr || user->closed || poll_write(side, *user)) return;
    if (muxers_[side].close_write(*user->stream)) {
      user->closed = true;
    } else {
      user->failed = true;
    }
  }
  void let_go(std::size_t side, User* user, bool by_reset) {
    if (user == nullptr) return;
    if (by_reset) {
      muxers_[side].reset(*user->stream);
    } else {
      muxers_[side].release(*user->stream);
    }
    if (poll_write(side, *user)) require_model(false, "a write outlived its stream");
    if (user->reading) muxers_[side].cancel_read(*user->stream);
    user->let_go = true;
  }
  void withdraw(User* user) {
    if (user == nullptr || !user->reading) return;
    const std::size_t side = &users_[user->stream->id][0] == user ? 0 : 1;
    put_back_[side] += user->stream->delivered;
    muxers_[side].cancel_read(*user->stream);
    user->reading = false;
  }

  // What one side has to say goes on the wire; so much of it arrives. Whether anything did.
  bool carry(std::size_t from, std::size_t most) {
    auto& [wire, arrived] = wires_[from];
    muxers_[from].take_output(batch_, now_);
    append(wire, batch_);
    yamux::Multiplexer& to = muxers_[1 - from];
    const BytesView rest = BytesView(wire).subspan(arrived);
    const std::size_t taken = to.receive(rest.first(std::min(most, rest.size())), now_);
    arrived += taken;
    if (arrived == wire.size()) {
      wire.clear();
      arrived = 0;
    }
    require_model(to.unread_bytes() <= to.config().budget_bytes + put_back_[1 - from],
                  "more waits unread than the budget has");
    for (const yamux::Multiplexer& mux : muxers_) {
      require_model(!mux.ended() || mux.ended()->code == Errc::closed,
                    mux.ended() ? mux.ended()->message.c_str() : "");
    }
    return taken > 0;
  }
  // Everything that is left comes to an end by itself: nobody waits for ever.
  void finish() {
    // Two rounds, since what the second side does in one may move the first only in the next.
    for (int quiet_rounds = 0; quiet_rounds < 2;) {
      bool quiet = true;
      for (const std::size_t side : {0U, 1U}) {
        while (accept(side)) {
        }
        for (auto& [id, users] : users_) quiet = finish_user(side, users[side]) && quiet;
        quiet = !carry(side, SIZE_MAX) && quiet;
      }
      quiet_rounds = quiet ? quiet_rounds + 1 : 0;
    }
    for (const std::size_t side : {0U, 1U}) {
      require_model(muxers_[side].stream_count() == 0, "a stream never ended");
      require_model(muxers_[side].unread_bytes() == 0, "bytes of no stream are unread");
      require_model(muxers_[side].window_bytes() == 0, "windows of no stream are granted");
    }
  }
  bool finish_user(std::size_t side, User& user) {
    if (!user.stream || user.let_go) return true;
    if (!poll_write(side, user)) close(side, &user);
    const std::uint64_t before = user.received;
    if (!user.failed) read(side, &user, 100'000);
    const bool done = user.failed || (user.closed && user.at_end);
    if (done) let_go(side, &user, false);
    return !done && user.received == before;
  }

  BytesView script_;
  std::array<yamux::Multiplexer, 2> muxers_;
  struct Wire {
    Bytes bytes;
    std::size_t arrived = 0;
  };
  std::array<Wire, 2> wires_;  // by sender
  std::array<std::size_t, 2> put_back_{};
  std::array<std::size_t, 2> trims_{};
  Bytes batch_;
  std::map<yamux::StreamId, Users> users_;
  Instant now_{};
};

}  // namespace libp2p::test
