// What others can make a swarm hold, and that it holds nothing once they are gone.
#include <gtest/gtest.h>

#include "libp2p/io/framing.hpp"
#include "libp2p/swarm/resources.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using swarm::ResourceUsage;

const std::string sink_protocol = "/test/sink/1";
const std::string hoard_protocol = "/test/hoard/1";
constexpr std::size_t mib = 1UZ << 20;

// Reads to the end and says how much it was.
Task<> sink(InboundStream in) {
  Bytes buffer(64UZ * 1024);
  std::size_t sum = 0;
  for (;;) {
    const auto got = co_await in.stream->read_some(buffer);
    if (!got || *got == 0) break;
    sum += *got;
  }
  (void)co_await in.stream->write(as_bytes(std::to_string(sum)));
  (void)co_await in.stream->close_write();
}
// Keeps the stream and never reads.
Task<> hoard(Env env, InboundStream in) {
  co_await sleep_for(env, std::chrono::hours(1));
  (void)in;
}
// Sends as much as it is let, and stays.
Task<> push(Env env, Swarm& swarm, PeerId peer, std::size_t bytes) {
  auto opened = co_await swarm.open_stream(peer, {hoard_protocol});
  if (!opened) co_return;
  (void)co_await opened->stream->write(Bytes(bytes));
  co_await sleep_for(env, std::chrono::hours(1));
}
Task<Result<std::string>> deliver(Swarm& swarm, PeerId peer, std::size_t bytes) {
  LIBP2P_CO_TRY(Swarm::OpenedStream opened, co_await swarm.open_stream(peer, {sink_protocol}));
  LIBP2P_CO_CHECK(co_await opened.stream->write(Bytes(bytes)));
  LIBP2P_CO_CHECK(co_await opened.stream->close_write());
  LIBP2P_CO_TRY(const Bytes answer, co_await read_to_end(*opened.stream, 100));
  co_return std::string(as_text(answer));
}

struct Hub {
  explicit Hub(ResourceLimits limits) : hub(net.add({.config = {.limits = limits}})) {
    hub.swarm.set_handler(sink_protocol, sink);
    hub.swarm.set_handler(hoard_protocol,
                          [this](InboundStream in) { return hoard(net.runtime.env(), std::move(in)); });
  }
  ~Hub() { net.runtime.run(tasks.stop()); }
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  [[nodiscard]] ResourceUsage usage() const { return hub.swarm.resource_usage(); }
  // A peer that fills `streams` streams, none of which is read.
  TestNode& add_flooder(int streams, std::size_t bytes) {
    TestNode& flooder = net.add();
    (void)net.connect(flooder, hub);
    for (int i = 0; i < streams; ++i) {
      tasks.spawn("push", push(net.runtime.env(), flooder.swarm, hub.id, bytes));
    }
    return flooder;
  }
  void expect_nothing_held() const {
    const ResourceUsage left = usage();
    EXPECT_EQ(left.upgrading + left.inbound + left.outbound + left.streams, 0U);
    EXPECT_EQ(left.memory + left.peers + left.protocols + left.networks, 0U);
  }

  SwarmNet net;
  TestNode& hub;
  TaskGroup tasks{net.runtime.env()};
};

TEST(Limits, WhatIsHeldIsGivenBackWhenThePeersAreGone) {
  Hub test({});
  std::vector<TestNode*> others;
  for (int i = 0; i < 5; ++i) others.push_back(&test.add_flooder(3, mib));
  EXPECT_EQ(*test.net.runtime.run(deliver(others[0]->swarm, test.hub.id, mib)), std::to_string(mib));
  test.net.runtime.run_for(seconds(1));
  EXPECT_EQ(test.usage().inbound, 5U);
  EXPECT_EQ(test.usage().streams, 15U);
  EXPECT_EQ(test.usage().protocols, 1U);
  EXPECT_GT(test.usage().memory, 5 * mib / 2);
  for (TestNode* other : others) test.net.runtime.run(other->swarm.stop());
  test.net.runtime.run_for(seconds(1));
  EXPECT_EQ(test.usage().inbound, 0U);
  // The handlers still hold their streams, and with them what is unread.
  EXPECT_EQ(test.usage().streams, 15U);
  test.net.runtime.run(test.hub.swarm.stop());
  test.expect_nothing_held();
}

// Three MiB for strangers that are admitted.
constexpr ResourceLimits small_memory{
    .memory = 8 * mib, .memory_reserved = 4 * mib, .memory_unauthenticated = mib, .memory_per_peer = 4 * mib};

TEST(Limits, ManyConnectionsTogetherStayBelowTheBoundOfAll) {
  Hub test(small_memory);
  for (int i = 0; i < 20; ++i) test.add_flooder(4, 4 * mib);
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    test.net.runtime.run_for(milliseconds(100));
    most = std::max(most, test.usage().memory);
  }
  EXPECT_LE(most, 3 * mib + 20 * swarm::connection_base_bytes);
  EXPECT_GT(most, 3 * mib);
  EXPECT_GT(test.usage().refusals[static_cast<std::size_t>(Limit::memory_reserved)], 0U);
  // A member gets through as if nobody else were there.
  TestNode& member = test.net.add();
  test.hub.swarm.protect(member.id, "member");
  ASSERT_TRUE(test.net.connect(member, test.hub));
  const Instant began = test.net.runtime.now();
  EXPECT_EQ(*test.net.runtime.run(deliver(member.swarm, test.hub.id, 20 * mib)), std::to_string(20 * mib));
  EXPECT_LT(test.net.runtime.now() - began, seconds(2));
}

TEST(Limits, AStrangerThatIsReadAsItSendsGetsThroughThoughTheMemoryIsGone) {
  Hub test(small_memory);
  for (int i = 0; i < 20; ++i) test.add_flooder(4, 4 * mib);
  test.net.runtime.run_for(seconds(3));
  TestNode& honest = test.net.add();
  ASSERT_TRUE(test.net.connect(honest, test.hub));
  EXPECT_EQ(*test.net.runtime.run(deliver(honest.swarm, test.hub.id, 5 * mib)), std::to_string(5 * mib));
}

TEST(Limits, StreamsOfOnePeerAndOfOneProtocolAreBounded) {
  Hub test({.streams_per_peer = 4, .streams_per_protocol = 6});
  for (int i = 0; i < 3; ++i) test.add_flooder(10, 10);
  test.net.runtime.run_for(seconds(1));
  EXPECT_EQ(test.usage().streams, 6U);
  EXPECT_GT(test.usage().refusals[static_cast<std::size_t>(Limit::streams_per_peer)], 0U);
  EXPECT_GT(test.usage().refusals[static_cast<std::size_t>(Limit::streams_per_protocol)], 0U);
}

TEST(Limits, AStreamOfOurOwnThatIsRefusedNamesTheLimit) {
  Hub test({.streams_per_peer = 1});
  TestNode& other = test.net.add();
  other.swarm.set_handler(sink_protocol, sink);
  ASSERT_TRUE(test.net.connect(test.hub, other));
  const auto held = test.net.runtime.run(test.hub.swarm.open_stream(other.id, {sink_protocol}));
  ASSERT_TRUE(held);
  const auto refused = test.net.runtime.run(test.hub.swarm.open_stream(other.id, {sink_protocol}));
  EXPECT_EQ(refused.error().to_string(), "limit reached: 1 streams with one peer (limits.streams_per_peer)");
}

TEST(Limits, WhenFullTheLeastWorthGoesFirst) {
  Hub test({.connections = 3});
  std::vector<TestNode*> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(&test.net.add());
    ASSERT_TRUE(test.net.connect(*peers.back(), test.hub));
    test.net.runtime.run_for(seconds(1));
  }
  test.hub.swarm.set_weight(peers[0]->id, "relay", 5);
  test.hub.swarm.set_weight(peers[0]->id, "dht", 5);
  test.hub.swarm.set_weight(peers[2]->id, "dht", 1);
  const auto newcomer = [&] {
    ASSERT_TRUE(test.net.connect(test.net.add(), test.hub));
    test.net.runtime.run_for(seconds(1));
  };
  newcomer();
  EXPECT_FALSE(test.hub.swarm.is_connected(peers[1]->id));
  test.hub.swarm.set_weight(peers[2]->id, "dht", 0);
  newcomer();
  EXPECT_FALSE(test.hub.swarm.is_connected(peers[2]->id));
  EXPECT_TRUE(test.hub.swarm.is_connected(peers[0]->id));
}

TEST(Limits, InboundConnectionsLeaveRoomForOurOwn) {
  Hub test({.connections = 4, .inbound_connections = 2, .outbound_connections = 4});
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(test.net.connect(test.net.add(), test.hub));
    test.net.runtime.run_for(milliseconds(100));
  }
  EXPECT_EQ(test.usage().inbound, 2U);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(test.net.connect(test.hub, test.net.add()));
  test.net.runtime.run_for(milliseconds(100));
  EXPECT_EQ(test.usage().inbound, 2U);
  EXPECT_EQ(test.usage().outbound, 2U);
}

TEST(Limits, ARestrictedConnectionDrawsFromTheLittleUntilItIsPromoted) {
  struct Restricting final : Gater {
    Admission admit(const PeerId&, Direction) override { return Admission::restricted; }
    [[nodiscard]] std::vector<std::string> restricted_protocols() const override { return {hoard_protocol}; }
  };
  Restricting gater;
  SwarmNet net;
  TestNode& hub = net.add({.gater = &gater});
  TestNode& stranger = net.add();
  ASSERT_TRUE(net.connect(stranger, hub));
  net.runtime.run_for(milliseconds(100));
  EXPECT_EQ(hub.swarm.resource_usage().memory_unauthenticated, swarm::connection_base_bytes);
  hub.swarm.promote(hub.swarm.connections(stranger.id).at(0).id);
  EXPECT_EQ(hub.swarm.resource_usage().memory_unauthenticated, 0U);
  EXPECT_EQ(hub.swarm.resource_usage().memory_unprotected, swarm::connection_base_bytes);
  hub.swarm.protect(stranger.id, "member");
  EXPECT_EQ(hub.swarm.resource_usage().memory_unprotected, 0U);
  EXPECT_EQ(hub.swarm.resource_usage().memory, swarm::connection_base_bytes);
}

}  // namespace
}  // namespace libp2p::test
