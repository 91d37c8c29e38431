// A peer that comes again while its older connection seems to be there.
#include <gtest/gtest.h>

#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Where both may have dialled at once the connection of the smaller id is preferred: here it is the dead one.
TEST(DoubtedConnection, OfAPeerThatRestartedTheNewOneIsUsedWithinSeconds) {
  SwarmNet net;
  TestNode* smaller = &net.add();
  TestNode* larger = &net.add();
  if (larger->id < smaller->id) std::swap(smaller, larger);
  ASSERT_TRUE(net.connect(*smaller, *larger));
  net.runtime.run_for(milliseconds(500));
  // Killed, and as with QUIC nothing tells of its end.
  const MemoryNode number = larger->number;
  net.network.silence(number);
  net.remove(*larger);
  TestNode& again = net.restart(number);
  ASSERT_TRUE(net.connect(again, *smaller));
  net.runtime.run_for(milliseconds(500));
  ASSERT_EQ(smaller->swarm.connections(again.id).size(), 2U);
  EXPECT_TRUE(net.run_until([&] { return smaller->swarm.connections(again.id).size() == 1; }, seconds(3)));
  EXPECT_EQ(smaller->swarm.connections(again.id).at(0).direction, Direction::inbound);
  EXPECT_FALSE(smaller->swarm.connections(again.id).at(0).superseded);
  EXPECT_EQ(smaller->log.reasons.at(0), "timed out: no answer, and the peer has come again");
  net.runtime.run_for(seconds(10));
  EXPECT_EQ(smaller->log.count("disconnected"), 0U);
  EXPECT_EQ(again.log.count("disconnected"), 0U);
}

// The one that isn't used is asked, too; on the way is more than an answer's time.
TEST(DoubtedConnection, WhatAnswersIsLeftAlone) {
  SwarmNet net(1, {.latency = milliseconds(900)});
  TestNode& a = net.add();
  TestNode& b = net.add();
  TestNode& smaller = a.id < b.id ? a : b;
  TestNode& larger = a.id < b.id ? b : a;
  ASSERT_TRUE(net.connect(larger, smaller));
  ASSERT_TRUE(net.runtime.run(smaller.swarm.dial(larger.address())));
  net.runtime.run_for(seconds(30));
  for (TestNode* node : {&a, &b}) {
    for (const std::string& why : node->log.reasons)
      EXPECT_EQ(why.find("no answer"), std::string::npos) << why;
    EXPECT_EQ(node->log.count("disconnected"), 0U);
    EXPECT_EQ(node->swarm.connections().size(), 1U);
  }
}

}  // namespace
}  // namespace libp2p::test
