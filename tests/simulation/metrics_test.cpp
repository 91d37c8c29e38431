#include <gtest/gtest.h>

#include "sim/world.hpp"
#include "starling/api/router.hpp"
#include "tests/support/prometheus.hpp"

namespace starling::sim {
namespace {

using std::chrono::seconds;

TEST(SimulatedFleet, EachNodeTellsItsNumbers) {
  World world({.seed = 21, .nodes = 3});
  world.start_all();
  ASSERT_TRUE(world.run_until_joined(seconds(30)));
  ASSERT_TRUE(world.write(1, {"listeners", "*:8080"}, json::object{{"pass", "routes"}}));
  ASSERT_TRUE(world.run_until([&] { return world.agreed(); }, seconds(10))) << world.disagreement();
  world.run_for(seconds(5));
  for (std::size_t i = 0; i < world.size(); ++i) {
    HttpRequest request;
    request.method = HttpMethod::get;
    request.target = request.path = "/metrics";
    const HttpResponse answer = world.runtime().run(route(world.node(i).api(), request));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
    const auto series = libp2p::test::read_prometheus(answer.body);
    EXPECT_EQ(series.at("starling_joined"), 1U);
    EXPECT_EQ(series.at("starling_members"), 3U);
    EXPECT_EQ(series.at("starling_members_online"), 3U);
    EXPECT_EQ(series.at("starling_changes"), 1U);
    EXPECT_EQ(series.at("starling_revision_applied"), 1U);
    EXPECT_EQ(series.at("starling_held"), 0U);
    EXPECT_EQ(series.at("libp2p_connected_peers"), 2U);
    EXPECT_EQ(series.at("libp2p_memory_unprotected_bytes"), 0U);  // they are members, all of them
    EXPECT_GT(series.at("libp2p_gossipsub_sent_total") + series.at("libp2p_gossipsub_delivered_total"), 0U);
    request.method = HttpMethod::put;
    EXPECT_EQ(world.runtime().run(route(world.node(i).api(), request)).status, 405);
  }
}

}  // namespace
}  // namespace starling::sim
