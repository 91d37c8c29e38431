#include "libp2p/protocols/ping/ping.hpp"

#include <gtest/gtest.h>

#include "libp2p/io/framing.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Pinging {
  explicit Pinging(Duration latency = milliseconds(10))
      : net(1, {.latency = latency}),
        a(net.add()),
        b(net.add()),
        a_ping(net.runtime.env(), a.swarm),
        b_ping(net.runtime.env(), b.swarm) {
    a_ping.start();
    b_ping.start();
    if (!net.connect(a, b)) std::abort();
  }
  Result<Duration> ping() { return net.runtime.run(a_ping.ping(b.id)); }

  SwarmNet net;
  TestNode& a;
  TestNode& b;
  Ping a_ping;
  Ping b_ping;
};

TEST(Ping, MeasuresTheRoundTrip) {
  Pinging net;
  EXPECT_EQ(*net.ping(), milliseconds(20));
  net.net.links.set(2, 1, {.latency = milliseconds(90)});
  EXPECT_EQ(*net.ping(), milliseconds(100));
}

Task<> ping_into(Ping& ping, PeerId peer, std::vector<Result<Duration>>& results) {
  results.push_back(co_await ping.ping(std::move(peer)));
}

TEST(Ping, CallersForOnePeerTakeTurns) {
  Pinging net;
  std::vector<Result<Duration>> results;
  TaskGroup tasks(net.net.runtime.env());
  for (int i = 0; i < 5; ++i) tasks.spawn("ping", ping_into(net.a_ping, net.b.id, results));
  net.net.runtime.run(tasks.join());
  ASSERT_EQ(results.size(), 5U);
  for (const auto& result : results) EXPECT_TRUE(result) << result.error().to_string();
}

TEST(Ping, EchoesManyOnOneStreamUntilItIsClosed) {
  Pinging net;
  auto opened = net.net.runtime.run(net.a.swarm.open_stream(net.b.id, {std::string(ping_protocol_id)}));
  ASSERT_TRUE(opened);
  for (std::uint8_t i = 0; i < 10; ++i) {
    const Bytes sent(32, i);
    ASSERT_TRUE(net.net.runtime.run(send(*opened->stream, sent)));
    Bytes got(32);
    ASSERT_TRUE(net.net.runtime.run(read_exact(*opened->stream, got)));
    EXPECT_EQ(got, sent);
  }
  ASSERT_TRUE(net.net.runtime.run(opened->stream->close_write()));
  EXPECT_TRUE(net.net.runtime.run(receive(*opened->stream))->empty());
}

TEST(Ping, TakesTwoStreamsOfOnePeerAndResetsAThird) {
  Pinging net;
  std::vector<StreamPtr> streams;
  for (int i = 0; i < 3; ++i) {
    auto opened = net.net.runtime.run(net.a.swarm.open_stream(net.b.id, {std::string(ping_protocol_id)}));
    ASSERT_TRUE(opened);
    ASSERT_TRUE(net.net.runtime.run(send(*opened->stream, Bytes(32))));
    streams.push_back(std::move(opened->stream));
    EXPECT_EQ(net.net.runtime.run(receive(*streams.back())).has_value(), i < 2);
  }
}

TEST(Ping, ASilentStreamIsReset) {
  Pinging net;
  auto opened = net.net.runtime.run(net.a.swarm.open_stream(net.b.id, {std::string(ping_protocol_id)}));
  ASSERT_TRUE(net.net.runtime.run(send(*opened->stream, Bytes(7))));
  net.net.runtime.run_for(seconds(61));
  EXPECT_FALSE(net.net.runtime.run(receive(*opened->stream)));
}

TEST(Ping, SaysThatNobodyIsThere) {
  Pinging net;
  EXPECT_EQ(net.net.runtime.run(net.a_ping.ping(node_id(9))).error().code, Errc::not_found);
  net.net.runtime.run(net.b_ping.stop());
  EXPECT_EQ(net.ping().error().code, Errc::not_supported);
  net.b_ping.start();
  net.net.cut(net.a, net.b);
  EXPECT_FALSE(net.ping());
}

Task<> answer_wrongly(InboundStream in) {
  Bytes payload(32);
  if (!co_await read_exact(*in.stream, payload)) co_return;
  payload[31] ^= 1;
  (void)co_await in.stream->write(payload);
  (void)co_await close_gracefully(*in.stream);
}

TEST(Ping, AnotherAnswerThanWasSentIsAFault) {
  Pinging net;
  net.net.runtime.run(net.b_ping.stop());
  net.b.swarm.set_handler(std::string(ping_protocol_id), answer_wrongly);
  EXPECT_EQ(net.ping().error().code, Errc::protocol);
}

}  // namespace
}  // namespace libp2p::test
