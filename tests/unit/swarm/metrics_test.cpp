// What a swarm tells Prometheus.
#include "libp2p/swarm/metrics.hpp"

#include <gtest/gtest.h>

#include "tests/support/prometheus.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::seconds;
using Series = std::map<std::string, std::uint64_t>;

Series series_of(const SwarmMetrics& metrics) {
  PrometheusText out;
  write_metrics(metrics, out);
  return read_prometheus(out.text());
}

TEST(SwarmMetrics, CountConnectionsDialsAndBytes) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  ASSERT_TRUE(net.run_until([&] { return b.swarm.is_connected(a.id); }, seconds(1)));
  (void)net.runtime.run(a.swarm.connect(node_id(9), {memory_address(66)}));
  const Series of_a = series_of(a.swarm.metrics());
  const Series of_b = series_of(b.swarm.metrics());
  EXPECT_EQ(of_a.at("libp2p_connected_peers"), 1U);
  EXPECT_EQ(of_a.at("libp2p_connections{transport=\"memory\",direction=\"outbound\"}"), 1U);
  EXPECT_EQ(of_b.at("libp2p_connections{transport=\"memory\",direction=\"inbound\"}"), 1U);
  EXPECT_EQ(of_a.at("libp2p_dials_started_total{transport=\"memory\"}"), 2U);
  EXPECT_EQ(of_a.at("libp2p_dial_outcomes_total{transport=\"memory\",outcome=\"connected\"}"), 1U);
  EXPECT_EQ(of_a.at("libp2p_dial_outcomes_total{transport=\"memory\",outcome=\"failed\"}"), 1U);
  EXPECT_EQ(of_b.at("libp2p_inbound_connections_total{outcome=\"accepted\"}"), 1U);
  EXPECT_GT(of_a.at("libp2p_sent_bytes_total"), 0U);
  EXPECT_EQ(of_a.at("libp2p_memory_bytes"), swarm::connection_base_bytes);
  EXPECT_EQ(of_a.at("libp2p_limit{key=\"limits.connections\"}"), 512U);
  EXPECT_EQ(of_a.at("libp2p_limit_refusals_total{key=\"limits.connections\"}"), 0U);
  EXPECT_EQ(of_a.at("libp2p_black_hole{path=\"far_udp\"}"), 0U);
  EXPECT_EQ(of_a.at("libp2p_escaped_exceptions_total"), 0U);
}

TEST(SwarmMetrics, CountRefusalsByTheLimitThatWasMet) {
  SwarmNet net;
  TestNode& hub = net.add({.config = {.limits = {.streams = 0}}});
  TestNode& a = net.add();
  ASSERT_TRUE(net.connect(hub, a));
  EXPECT_FALSE(net.runtime.run(hub.swarm.open_stream(a.id, {"/x"})));
  EXPECT_EQ(series_of(hub.swarm.metrics()).at("libp2p_limit_refusals_total{key=\"limits.streams\"}"), 1U);
}

// Series are kept for ever by whoever scrapes them: peers, addresses and protocols of others must not make
// any.
TEST(SwarmMetrics, HowManySeriesThereAreDoesNotDependOnOthers) {
  SwarmNet net;
  TestNode& hub = net.add();
  hub.swarm.set_handler("/x", [](InboundStream) -> Task<> { co_return; });
  TestNode& first = net.add();
  ASSERT_TRUE(net.connect(first, hub));
  ASSERT_TRUE(net.connect(hub, first));
  net.runtime.run_for(seconds(1));
  const std::size_t before = series_of(hub.swarm.metrics()).size();
  for (int i = 0; i < 20; ++i) {
    TestNode& one = net.add();
    ASSERT_TRUE(net.connect(one, hub));
    (void)net.runtime.run(one.swarm.open_stream(hub.id, {"/x", "/of/their/own/" + std::to_string(i)}, false));
  }
  net.runtime.run_for(seconds(1));
  EXPECT_EQ(series_of(hub.swarm.metrics()).size(), before);
}

}  // namespace
}  // namespace libp2p::test
