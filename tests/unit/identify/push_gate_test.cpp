#include "libp2p/protocols/identify/push_gate.hpp"

#include <gtest/gtest.h>

namespace libp2p::identify {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant start{seconds(100)};

TEST(IdentifyPushGate, KeepsOnePushInFiveSeconds) {
  PushGate gate;
  EXPECT_TRUE(gate.arrived(start).keep);
  EXPECT_FALSE(gate.arrived(start + milliseconds(1)).keep);
  EXPECT_FALSE(gate.arrived(start + milliseconds(4999)).keep);
  EXPECT_TRUE(gate.arrived(start + seconds(5)).keep);
}

TEST(IdentifyPushGate, AsksOnceForAllThatItRefused) {
  PushGate gate;
  EXPECT_FALSE(gate.arrived(start).ask_at);
  EXPECT_EQ(gate.arrived(start + seconds(1)).ask_at, start + seconds(5));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(gate.arrived(start + seconds(2)).ask_at);
  gate.asked(start + seconds(5));
  EXPECT_EQ(gate.arrived(start + seconds(6)).ask_at, start + seconds(10));
}

}  // namespace
}  // namespace libp2p::identify
