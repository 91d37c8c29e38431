#include "libp2p/transport/websocket/stream.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/websocket.hpp"

namespace libp2p::websocket {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::client_frame;
using test::close_reason;
using test::CountingStream;
using test::keep;
using test::receive;
using test::send;
using test::server_frame;
using test::ws_binary;
using test::ws_close;
using test::ws_fin;
using test::ws_ping;
using test::ws_pong;

constexpr std::uint8_t whole = ws_fin | ws_binary;

Bytes numbered(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + (i >> 8));
  return bytes;
}

Task<Result<Bytes>> read_size(Stream& stream, std::size_t size, std::size_t step) {
  Bytes all(size);
  for (std::size_t have = 0; have < size;) {
    const std::size_t room = std::min(step, size - have);
    LIBP2P_CO_TRY(const std::size_t got, co_await stream.read_some(MutableBytes(all).subspan(have, room)));
    if (got == 0) co_return fail(Errc::closed, "ended after " + std::to_string(have));
    have += got;
  }
  co_return all;
}

// Both ends are ours.
struct Pair {
  explicit Pair(std::size_t capacity = memory_stream_capacity) : tasks(runtime.env()) {
    auto [near, far] = make_memory_stream_pair(runtime.env(), capacity);
    client = make_stream(runtime.env(), std::make_unique<CountingStream>(std::move(near), counts),
                         Role::client, {});
    server = make_stream(runtime.env(), std::move(far), Role::server, {});
  }
  ~Pair() {
    runtime.run(tasks.stop());
    EXPECT_EQ(tasks.escaped(), 0U);
  }
  VirtualRuntime runtime;
  TaskGroup tasks;
  CountingStream::Counts counts;
  StreamPtr client;
  StreamPtr server;
};

// One end is ours, the other speaks frames by hand.
struct Raw {
  explicit Raw(Role role = Role::server, Bytes early = {}, std::size_t capacity = memory_stream_capacity)
      : tasks(runtime.env()) {
    auto [near, far] = make_memory_stream_pair(runtime.env(), capacity);
    peer = std::move(near);
    own = make_stream(runtime.env(), std::move(far), role, std::move(early));
  }
  ~Raw() {
    runtime.run(tasks.stop());
    EXPECT_EQ(tasks.escaped(), 0U);
  }
  void put(Bytes frame) {
    if (!runtime.run(send(*peer, std::move(frame)))) std::abort();
  }
  Bytes take() { return runtime.run(receive(*peer)).value_or(Bytes{}); }

  VirtualRuntime runtime;
  TaskGroup tasks;
  StreamPtr peer;
  StreamPtr own;
};

TEST(WebsocketStream, CarriesBytesBothWaysHoweverTheyAreRead) {
  for (const std::size_t step : {1UZ, 100UZ, 4096UZ, 5000UZ, 1UZ << 20}) {
    Pair pair;
    const Bytes sent = numbered(step == 1 ? 10'000 : 300'000);
    for (const auto& [from, to] :
         {std::pair{pair.client.get(), pair.server.get()}, {pair.server.get(), pair.client.get()}}) {
      pair.tasks.spawn("write", [](Stream& s, Bytes b) -> Task<> { (void)co_await s.write(b); }(*from, sent));
      const auto got = pair.runtime.run(read_size(*to, sent.size(), step));
      ASSERT_TRUE(got) << got.error().to_string();
      EXPECT_EQ(*got, sent) << step;
    }
  }
}

TEST(WebsocketStream, CutsALargeWriteIntoFramesOfWhichFourGoAtOnce) {
  Pair pair(1 << 20);
  ASSERT_TRUE(pair.runtime.run(send(*pair.client, numbered(300'000))));
  EXPECT_EQ(pair.counts.writes, (std::vector<std::size_t>{4 * (65'536 + 14), 300'000 - 4 * 65'536 + 8}));
  ASSERT_TRUE(pair.runtime.run(send(*pair.client, numbered(1))));
  EXPECT_EQ(pair.counts.writes.back(), 7U);
}

TEST(WebsocketStream, AClientMasksEachFrameWithAnotherKey) {
  Raw raw(Role::client);
  ASSERT_TRUE(raw.runtime.run(send(*raw.own, Bytes(8))));
  ASSERT_TRUE(raw.runtime.run(send(*raw.own, Bytes(8))));
  const Bytes frames = raw.take();
  ASSERT_EQ(frames.size(), 28U);
  EXPECT_EQ(frames[1], 0x88);
  EXPECT_NE(Bytes(frames.begin() + 2, frames.begin() + 6), Bytes(frames.begin() + 16, frames.begin() + 20));
}

TEST(WebsocketStream, GivesOutWhatCameWithTheHandshake) {
  Bytes early = client_frame(whole, to_bytes("early"));
  append(early, BytesView(client_frame(whole, to_bytes(" bird"))).first(4));
  Raw raw(Role::server, early);
  EXPECT_EQ(as_text(*raw.runtime.run(receive(*raw.own))), "early");
  const Bytes rest = client_frame(whole, to_bytes(" bird"));
  raw.put({rest.begin() + 4, rest.end()});
  EXPECT_EQ(as_text(*raw.runtime.run(receive(*raw.own))), " bird");
}

TEST(WebsocketStream, AnswersAPingWhileItWaitsForData) {
  Raw raw;
  std::optional<Result<Bytes>> got;
  raw.tasks.spawn("read", keep(receive(*raw.own, 10), got));
  raw.put(client_frame(ws_fin | ws_ping, to_bytes("are you there")));
  EXPECT_EQ(raw.take(), server_frame(ws_fin | ws_pong, to_bytes("are you there")));
  EXPECT_FALSE(got);
  raw.put(client_frame(whole, to_bytes("data")));
  raw.runtime.run_ready();
  ASSERT_TRUE(got);
  EXPECT_EQ(as_text(**got), "data");
}

TEST(WebsocketStream, APongNeverStandsInTheMiddleOfAWrite) {
  Raw raw(Role::server, {}, 1000);
  std::optional<Result<>> written;
  std::optional<Result<Bytes>> got;
  raw.tasks.spawn("write", keep(send(*raw.own, Bytes(300'000, 'x')), written));
  raw.tasks.spawn("read", keep(receive(*raw.own), got));
  raw.put(client_frame(ws_fin | ws_ping));
  raw.put(client_frame(whole, to_bytes("read on")));
  raw.runtime.run_ready();
  // The pong waits for its turn, and reading doesn't wait for the pong.
  ASSERT_TRUE(got);
  EXPECT_EQ(as_text(**got), "read on");
  EXPECT_FALSE(written);
  Bytes expected;
  for (int i = 0; i < 4; ++i) append(expected, server_frame(whole, Bytes(65'536, 'x')));
  append(expected, server_frame(ws_fin | ws_pong));
  append(expected, server_frame(whole, Bytes(300'000 - 4 * 65'536, 'x')));
  EXPECT_EQ(*raw.runtime.run(read_size(*raw.peer, expected.size(), 4096)), expected);
  raw.runtime.run_ready();
  EXPECT_TRUE(written && *written);
}

TEST(WebsocketStream, ACancelledReadLosesNothing) {
  Raw raw;
  const Bytes frame = client_frame(whole, to_bytes("hello"));
  constexpr std::size_t header = 6;
  for (std::size_t i = 0; i < header; ++i) {
    // By either way of reading.
    const std::size_t size = i % 2 == 0 ? 10 : 9000;
    const auto got = raw.runtime.run(
        with_timeout(raw.runtime.env(), milliseconds(10), "nothing yet", receive(*raw.own, size)));
    ASSERT_EQ(got.error().code, Errc::timeout) << i;
    raw.put({frame[i]});
  }
  raw.put({frame.begin() + header, frame.end()});
  EXPECT_EQ(as_text(*raw.runtime.run(receive(*raw.own))), "hello");
}

TEST(WebsocketStream, ClosesInOrder) {
  Pair pair;
  ASSERT_TRUE(pair.runtime.run(send(*pair.client, to_bytes("last words"))));
  ASSERT_TRUE(pair.runtime.run(pair.client->close_write()));
  EXPECT_EQ(as_text(*pair.runtime.run(receive(*pair.server))), "last words");
  EXPECT_TRUE(pair.runtime.run(receive(*pair.server))->empty());
  EXPECT_TRUE(pair.runtime.run(receive(*pair.server))->empty());
  EXPECT_TRUE(pair.runtime.run(receive(*pair.client))->empty());
  // WebSocket has no half-close.
  EXPECT_EQ(pair.runtime.run(send(*pair.server, to_bytes("x"))).error().code, Errc::closed);
  EXPECT_EQ(pair.runtime.run(send(*pair.client, to_bytes("x"))).error().code, Errc::closed);
  EXPECT_TRUE(pair.runtime.run(pair.server->close_write()));
  EXPECT_TRUE(pair.runtime.run(pair.client->close_write()));
  EXPECT_TRUE(pair.counts.write_closed);
}

TEST(WebsocketStream, BothMayCloseAtOnce) {
  Pair pair;
  ASSERT_TRUE(pair.runtime.run(pair.client->close_write()));
  ASSERT_TRUE(pair.runtime.run(pair.server->close_write()));
  EXPECT_TRUE(pair.runtime.run(receive(*pair.server))->empty());
  EXPECT_TRUE(pair.runtime.run(receive(*pair.client))->empty());
}

TEST(WebsocketStream, ReadsOnAfterItsOwnCloseFrame) {
  Raw raw;
  ASSERT_TRUE(raw.runtime.run(raw.own->close_write()));
  EXPECT_EQ(raw.take(), server_frame(ws_fin | ws_close, close_reason(1000)));
  raw.put(client_frame(whole, to_bytes("still")));
  EXPECT_EQ(as_text(*raw.runtime.run(receive(*raw.own))), "still");
  raw.put(client_frame(ws_fin | ws_close, close_reason(1000)));
  EXPECT_TRUE(raw.runtime.run(receive(*raw.own))->empty());
  EXPECT_TRUE(raw.take().empty());  // the end, without a second close frame
}

TEST(WebsocketStream, AnEndWithoutACloseFrameIsAnError) {
  for (const Bytes& before : {Bytes{}, client_frame(whole, to_bytes("x")), Bytes{0x82}}) {
    Raw raw;
    if (!before.empty()) raw.put(before);
    ASSERT_TRUE(raw.runtime.run(raw.peer->close_write()));
    if (before.size() > 1) EXPECT_TRUE(raw.runtime.run(receive(*raw.own)));
    EXPECT_EQ(raw.runtime.run(receive(*raw.own)).error().code, Errc::reset);
  }
}

TEST(WebsocketStream, WhatCameBeforeAFaultIsGivenOut) {
  Raw raw;
  Bytes input = client_frame(whole, to_bytes("good"));
  append(input, client_frame(ws_fin | 0x3));
  raw.put(input);
  EXPECT_EQ(as_text(*raw.runtime.run(receive(*raw.own))), "good");
  EXPECT_EQ(raw.runtime.run(receive(*raw.own)).error().code, Errc::protocol);
  EXPECT_EQ(raw.runtime.run(receive(*raw.own)).error().code, Errc::protocol);
  EXPECT_EQ(raw.runtime.run(send(*raw.own, to_bytes("x"))).error().code, Errc::protocol);
  EXPECT_EQ(raw.take(), server_frame(ws_fin | ws_close, close_reason(1002)));
}

TEST(WebsocketStream, APeerThatTakesNoPongIsCutOff) {
  Raw raw(Role::server, {}, 100);
  ASSERT_TRUE(raw.runtime.run(send(*raw.own, Bytes(98))));  // the way out is full
  std::optional<Result<Bytes>> got;
  raw.tasks.spawn("read", keep(receive(*raw.own), got));
  raw.put(client_frame(ws_fin | ws_ping));
  raw.runtime.run_for(seconds(9));
  EXPECT_FALSE(got);
  raw.runtime.run_for(seconds(2));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error().code, Errc::reset);
}

TEST(WebsocketStream, ResetEndsWhatWaits) {
  Pair pair;
  std::optional<Result<Bytes>> got;
  pair.tasks.spawn("read", keep(receive(*pair.server), got));
  pair.runtime.run_ready();
  pair.server->reset();
  pair.runtime.run_ready();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error().code, Errc::reset);
  EXPECT_FALSE(pair.runtime.run(receive(*pair.client)));
}

TEST(WebsocketStream, AWriteThatWasCutOffIsTheLast) {
  Raw raw(Role::server, {}, 100);
  EXPECT_EQ(raw.runtime.run(with_timeout(raw.runtime.env(), seconds(1), "full", send(*raw.own, Bytes(1000))))
                .error()
                .code,
            Errc::timeout);
  EXPECT_EQ(raw.runtime.run(send(*raw.own, to_bytes("x"))).error().code, Errc::reset);
  EXPECT_EQ(raw.runtime.run(raw.own->close_write()).error().code, Errc::reset);
}

}  // namespace
}  // namespace libp2p::websocket
