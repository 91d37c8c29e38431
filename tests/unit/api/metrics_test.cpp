#include <gtest/gtest.h>

#include "starling/api/handlers/metrics_handler.hpp"
#include "tests/support/prometheus.hpp"

namespace starling {
namespace {

TEST(Metrics, AreInPrometheusFormat) {
  NodeMetrics metrics;
  metrics.version = "1.2\"3";
  metrics.joined = true;
  metrics.members = 5;
  metrics.online = 4;
  metrics.changes_held = 2;
  metrics.alarms = {{Alarm::Kind::held, 2}, {Alarm::Kind::state_differs, 0}};
  metrics.gossip.delivered = 77;
  const auto series = libp2p::test::read_prometheus(prometheus_text(metrics));
  EXPECT_EQ(series.at("starling_build_info{version=\"1.2\\\"3\"}"), 1U);
  EXPECT_EQ(series.at("starling_joined"), 1U);
  EXPECT_EQ(series.at("starling_members"), 5U);
  EXPECT_EQ(series.at("starling_members_online"), 4U);
  EXPECT_EQ(series.at("starling_revision_applied"), 0U);
  EXPECT_EQ(series.at("starling_changes_held"), 2U);
  EXPECT_EQ(series.at("starling_alarms{kind=\"held\"}"), 2U);
  EXPECT_EQ(series.at("starling_alarms{kind=\"state-differs\"}"), 0U);
  EXPECT_EQ(series.at("libp2p_gossipsub_delivered_total"), 77U);
  EXPECT_EQ(series.at("libp2p_connected_peers"), 0U);
}

}  // namespace
}  // namespace starling
