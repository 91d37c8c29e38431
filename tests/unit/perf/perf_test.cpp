#include "libp2p/protocols/perf/perf.hpp"

#include <gtest/gtest.h>

#include "libp2p/io/framing.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Measuring {
  Measuring()
      : net(1, {.latency = milliseconds(10)}),
        a(net.add()),
        b(net.add()),
        a_perf(net.runtime.env(), a.swarm),
        b_perf(net.runtime.env(), b.swarm) {
    b_perf.start();
    if (!net.connect(a, b)) std::abort();
  }
  SwarmNet net;
  TestNode& a;
  TestNode& b;
  Perf a_perf;
  Perf b_perf;
};

TEST(Perf, MovesWhatWasAskedForAndTellsThePhasesApart) {
  Measuring net;
  std::uint64_t uploaded = 0;
  std::uint64_t downloaded = 0;
  const auto result = net.net.runtime.run(
      net.a_perf.run(net.b.id, 1'000'000, 3'000'000, [&](std::uint64_t up, std::uint64_t down) {
        uploaded = up;
        downloaded = down;
      }));
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(uploaded, 1'000'000U);
  EXPECT_EQ(downloaded, 3'000'000U);
  EXPECT_GE(result->upload, milliseconds(20));
  EXPECT_GE(result->download, Duration::zero());
}

TEST(Perf, NothingEachWayIsARoundTrip) {
  Measuring net;
  const auto result = net.net.runtime.run(net.a_perf.run(net.b.id, 0, 0));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->upload, milliseconds(20));
  EXPECT_EQ(result->download, Duration::zero());
}

TEST(Perf, TheServerSendsNothingBeforeTheClientHasClosed) {
  Measuring net;
  auto opened =
      net.net.runtime.run(net.a.swarm.open_stream(net.b.id, {std::string(perf_protocol_id)}, false));
  Bytes request(8);
  store_be(std::uint64_t{100}, request.data());
  ASSERT_TRUE(net.net.runtime.run(send(*opened->stream, request)));
  ASSERT_TRUE(net.net.runtime.run(send(*opened->stream, Bytes(1000))));
  std::optional<Result<Bytes>> got;
  TaskGroup tasks(net.net.runtime.env());
  tasks.spawn("read", keep(receive(*opened->stream), got));
  net.net.runtime.run_for(seconds(5));
  EXPECT_FALSE(got);
  ASSERT_TRUE(net.net.runtime.run(opened->stream->close_write()));
  net.net.runtime.run_for(milliseconds(20));
  ASSERT_TRUE(got);
  EXPECT_EQ((*got)->size(), 100U);
  net.net.runtime.run(tasks.join());
}

TEST(Perf, AStalledRunEndsOnBothSides) {
  Measuring net;
  std::optional<Result<PerfResult>> result;
  TaskGroup tasks(net.net.runtime.env());
  tasks.spawn("perf", keep(net.a_perf.run(net.b.id, 100'000'000, 0), result));
  net.net.cut(net.a, net.b);
  net.net.runtime.run_for(seconds(31));
  ASSERT_TRUE(result);
  EXPECT_FALSE(*result);
  net.net.runtime.run(tasks.join());
}

TEST(Perf, RunsOfOthersAreBounded) {
  Measuring net;
  std::vector<StreamPtr> streams;
  for (std::size_t i = 0; i <= PerfConfig{}.max_runs; ++i) {
    auto opened = net.net.runtime.run(net.a.swarm.open_stream(net.b.id, {std::string(perf_protocol_id)}));
    ASSERT_TRUE(net.net.runtime.run(send(*opened->stream, Bytes(8))));
    streams.push_back(std::move(opened->stream));
  }
  net.net.runtime.run_for(seconds(1));
  EXPECT_FALSE(net.net.runtime.run(receive(*streams.back())));
  EXPECT_TRUE(net.net.runtime.run(streams.front()->close_write()));
  EXPECT_TRUE(net.net.runtime.run(receive(*streams.front())));
}

}  // namespace
}  // namespace libp2p::test
