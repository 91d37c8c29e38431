// Upgrades: peers that speak other versions of the protocols than this one.
#include <gtest/gtest.h>

#include "sim/world.hpp"

namespace starling::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view next_sync_protocol = "/starling/sync/9.0.0";

json::value listener() { return json::object{{"pass", "routes"}}; }

// What a future version would answer by: nothing that this one understands.
class NextVersion {
 public:
  explicit NextVersion(FleetNode& node) : node_(node) {
    node.swarm().set_handler(std::string(next_sync_protocol),
                             [this](libp2p::InboundStream inbound) { return serve(std::move(inbound)); });
  }
  NextVersion(const NextVersion&) = delete;
  NextVersion& operator=(const NextVersion&) = delete;
  ~NextVersion() { node_.swarm().remove_handler(next_sync_protocol); }

  [[nodiscard]] std::size_t asked() const noexcept { return asked_; }

 private:
  Task<> serve(libp2p::InboundStream inbound) {
    ++asked_;
    inbound.stream->reset();
    co_return;
  }

  FleetNode& node_;
  std::size_t asked_ = 0;
};

// The protocol that a peer gets which proposes the next version first.
Task<> propose(libp2p::Swarm& swarm, PeerId peer, std::string& agreed) {
  auto opened = co_await swarm.open_stream(std::move(peer),
                                           {std::string(next_sync_protocol), std::string(sync_protocol)});
  agreed = opened ? opened->protocol : opened.error().to_string();
  if (opened) opened->stream->reset();
}

TEST(Versions, APeerOfTheNextOneAsWellIsSpokenToInThisOne) {
  World world({.seed = 11, .nodes = 2, .gossip = false});
  world.start_all();
  ASSERT_TRUE(world.run_until_joined(seconds(60)));
  const NextVersion next(world.node(1));

  // It proposes its newest first, and takes what is left.
  std::string agreed;
  libp2p::TaskGroup tasks(world.node(1).api().env);
  tasks.spawn("propose", propose(world.node(1).swarm(), world.node(0).swarm().local_peer(), agreed));
  world.run_for(seconds(5));
  EXPECT_EQ(agreed, sync_protocol);

  // And is asked in ours: both come to hold what either has written.
  ASSERT_TRUE(world.write(0, {"listeners", "*:8080"}, listener()));
  ASSERT_TRUE(world.write(1, {"listeners", "*:8081"}, listener()));
  EXPECT_TRUE(world.run_until([&] { return world.agreed(); }, minutes(2))) << world.disagreement();
  EXPECT_EQ(next.asked(), 0U);
}

TEST(Versions, APeerOfTheNextOneOnlyIsLeftAloneAndHarmsNobody) {
  World world({.seed = 12, .nodes = 3, .gossip = false});
  world.start_all();
  ASSERT_TRUE(world.run_until_joined(seconds(60)));
  const NextVersion next(world.node(2));
  world.node(2).swarm().remove_handler(sync_protocol);
  ASSERT_TRUE(world.write(0, {"listeners", "*:8080"}, listener()));
  const auto& holds = [&](std::size_t index) { return world.node(index).fleet().log().size(); };
  EXPECT_TRUE(world.run_until([&] { return holds(1) == holds(0); }, minutes(2)));
  EXPECT_EQ(next.asked(), 0U);
  // What it asks for in a version that both have, it gets.
  EXPECT_TRUE(world.run_until([&] { return world.agreed(); }, minutes(2))) << world.disagreement();
}

}  // namespace
}  // namespace starling::sim
