// Two sessions whose users do anything at any time, against a model of what each direction of each stream may
// see: the bytes that were written, in order, each once; all of them and an end if nobody reset; never more.
#include <gtest/gtest.h>

#include <map>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/io/memory_stream.hpp"
#include "libp2p/yamux/session.hpp"
#include "tests/support/yamux.hpp"

namespace libp2p {
namespace {

using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// One direction of one stream.
struct Flow {
  std::uint64_t written = 0;  // at least; a write that failed may have passed a part on
  std::uint64_t attempted = 0;
  std::uint64_t received = 0;
  bool closed = false;    // in order, by the writer
  bool end_seen = false;  // by the reader
};

// A stream with both its users. Tags are unique.
struct Life {
  Flow flows[2];  // [0]: from the opener
  bool reset = false;
};

std::uint8_t expected_byte(std::uint64_t tag, int direction, std::uint64_t position) {
  return static_cast<std::uint8_t>(tag * 131 + static_cast<std::uint64_t>(direction) * 57 + position * 7 +
                                   (position >> 8) * 13);
}

class World {
 public:
  World(VirtualRuntime& runtime, std::uint64_t seed)
      : env_(runtime.env()),
        random_(seed),
        tasks_(env_),
        ends_(make_ends()),
        sessions_{YamuxSession(env_, std::move(ends_.first), YamuxRole::dialer, make_config()),
                  YamuxSession(env_, std::move(ends_.second), YamuxRole::listener, make_config())} {}

  Task<> run() {
    for (YamuxSession& session : sessions_) {
      session.start();
      tasks_.spawn("accept", accept(session));
      ++users_;
      tasks_.spawn("open", open(session));
    }
    const bool ends_early = random_.below(4) == 0;
    if (ends_early) {
      co_await sleep_for(env_, microseconds(random_.below(200'000)));
      cut_ = true;
      sessions_[random_.below(2)].close();
    } else {
      // Resets may leave a writer waiting for a reader that went away quietly; nobody waits for ever.
      const Instant limit = env_.now() + minutes(5);
      while (users_ > 0 && env_.now() < limit) co_await sleep_for(env_, seconds(1));
      EXPECT_EQ(users_, 0);
      for (YamuxSession& session : sessions_) EXPECT_FALSE(session.closed());
      for (YamuxSession& session : sessions_) EXPECT_EQ(session.stream_count(), 0U);
    }
    co_await sessions_[0].stop();
    co_await sessions_[1].stop();
    co_await tasks_.join();
    EXPECT_EQ(tasks_.escaped(), 0U);
    check();
  }
  [[nodiscard]] std::uint64_t bytes_received() const { return bytes_received_; }

 private:
  std::pair<StreamPtr, StreamPtr> make_ends() {
    if (random_.below(2) == 0) return make_memory_stream_pair(env_, 1 + random_.below(100'000));
    return test::make_delayed_pair(env_, microseconds(random_.below(30'000)));
  }
  YamuxConfig make_config() {
    YamuxConfig config;
    config.ack_backlog = 1 + random_.below(20);
    config.max_chunk_bytes = 1 + random_.below(70'000);
    config.max_batch_bytes = 1 + random_.below(300'000);
    config.max_read_bytes = 1 + random_.below(300'000);
    config.max_rapid_resets = 10'000;
    return config;
  }
  Task<> pause() {
    if (random_.below(2) == 0) co_await sleep_for(env_, microseconds(random_.below(5000)));
  }

  Task<> open(YamuxSession& session) {
    const std::uint64_t count = random_.below(20);
    for (std::uint64_t i = 0; i < count; ++i) {
      co_await pause();
      auto stream = co_await session.open_stream();
      if (!stream) break;
      const std::uint64_t tag = ++last_tag_;
      lives_[tag];
      Bytes bytes(8);
      store_be(tag, bytes.data());
      if (!co_await (*stream)->write(bytes)) break;
      use(std::move(*stream), tag, 0);
    }
    --users_;
  }
  Task<> accept(YamuxSession& session) {
    for (;;) {
      auto stream = co_await session.accept_stream();
      if (!stream) co_return;
      ++users_;
      tasks_.spawn("greet", greet(std::move(*stream)));
    }
  }
  Task<> greet(StreamPtr stream) {
    Bytes bytes(8);
    if (co_await read_exact(*stream, bytes)) use(std::move(stream), load_be<std::uint64_t>(bytes.data()), 1);
    --users_;
  }
  void use(StreamPtr stream, std::uint64_t tag, int side) {
    const std::shared_ptr<Stream> shared = std::move(stream);
    users_ += 2;
    tasks_.spawn("write", write(shared, tag, side));
    tasks_.spawn("read", read(shared, tag, 1 - side));
  }

  Task<> write(std::shared_ptr<Stream> stream, std::uint64_t tag, int direction) {
    Life& life = lives_[tag];
    Flow& flow = life.flows[direction];
    const std::uint64_t pieces = random_.below(12);
    bool sound = true;
    for (std::uint64_t i = 0; i < pieces && sound; ++i) {
      co_await pause();
      Bytes bytes(random_.below(8) == 0 ? random_.below(600'000) : random_.below(3000));
      for (std::size_t k = 0; k < bytes.size(); ++k)
        bytes[k] = expected_byte(tag, direction, flow.written + k);
      flow.attempted = flow.written + bytes.size();
      sound = (co_await stream->write(bytes)).has_value();
      if (sound) flow.written = flow.attempted;
    }
    if (sound && random_.below(8) == 0) {
      life.reset = true;
      stream->reset();
    } else if (sound) {
      flow.closed = (co_await stream->close_write()).has_value();
    }
    --users_;
  }
  Task<> read(std::shared_ptr<Stream> stream, std::uint64_t tag, int direction) {
    Life& life = lives_[tag];
    Flow& flow = life.flows[direction];
    const bool gives_up = random_.below(10) == 0;
    const std::uint64_t patience = random_.below(20);
    for (std::uint64_t i = 0; !gives_up || i < patience; ++i) {
      co_await pause();
      Bytes out(1 + random_.below(100'000));
      const auto got = co_await stream->read_some(out);
      if (!got) break;
      if (*got == 0) {
        flow.end_seen = true;
        break;
      }
      for (std::size_t k = 0; k < *got; ++k) {
        if (out[k] != expected_byte(tag, direction, flow.received + k)) ++wrong_bytes_;
      }
      flow.received += *got;
      bytes_received_ += *got;
    }
    if (gives_up && !flow.end_seen) {
      life.reset = true;
      stream->reset();
    }
    --users_;
  }

  void check() const {
    EXPECT_EQ(wrong_bytes_, 0U);
    for (const auto& [tag, life] : lives_) {
      for (const Flow& flow : life.flows) {
        EXPECT_LE(flow.received, flow.attempted) << tag;
        if (flow.end_seen) {
          EXPECT_TRUE(flow.closed) << tag;
          EXPECT_EQ(flow.received, flow.written) << tag;
        }
        if (!life.reset && !cut_) {
          EXPECT_TRUE(flow.closed && flow.end_seen) << tag;
        }
      }
    }
  }

  Env env_;
  SeededRandom random_;
  TaskGroup tasks_;
  std::pair<StreamPtr, StreamPtr> ends_;
  std::array<YamuxSession, 2> sessions_;
  std::map<std::uint64_t, Life> lives_;
  std::uint64_t last_tag_ = 0;
  std::uint64_t wrong_bytes_ = 0;
  std::uint64_t bytes_received_ = 0;
  int users_ = 0;
  bool cut_ = false;
};

TEST(YamuxModel, EveryByteArrivesInOrderAndOnceWhateverTheUsersDo) {
  std::uint64_t total = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    VirtualRuntime runtime(seed);
    World world(runtime, seed);
    runtime.run(world.run());
    total += world.bytes_received();
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(total, 10'000'000U);
}

TEST(YamuxModel, TheSameSeedGivesTheSameRun) {
  std::array<std::pair<std::uint64_t, Instant>, 2> runs;
  for (auto& run : runs) {
    VirtualRuntime runtime(5);
    World world(runtime, 5);
    runtime.run(world.run());
    run = {world.bytes_received(), runtime.now()};
  }
  EXPECT_EQ(runs[0], runs[1]);
}

}  // namespace
}  // namespace libp2p
