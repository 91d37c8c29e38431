#include "libp2p/swarm/redial_schedule.hpp"

#include <gtest/gtest.h>

#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const PeerId peer = node_id(1);
const PeerId other = node_id(2);
constexpr Instant start{};

RedialSchedule schedule() { return {milliseconds(250), seconds(5)}; }

TEST(RedialSchedule, AKeptPeerIsDueAtOnceAndOnce) {
  RedialSchedule redials = schedule();
  redials.keep(peer, false, start);
  EXPECT_EQ(redials.next_due(), start);
  EXPECT_EQ(redials.take_one_due(start), peer);
  EXPECT_EQ(redials.take_one_due(start + seconds(100)), std::nullopt);
  EXPECT_EQ(redials.next_due(), std::nullopt);
}

TEST(RedialSchedule, AConnectedPeerIsNotDialled) {
  RedialSchedule redials = schedule();
  redials.keep(peer, true, start);
  EXPECT_EQ(redials.next_due(), std::nullopt);
}

TEST(RedialSchedule, DelaysDoubleFromTheFirstToTheCap) {
  RedialSchedule redials = schedule();
  redials.keep(peer, false, start);
  Instant now = start;
  std::vector<long long> delays;
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(redials.take_one_due(now), peer);
    redials.failed(peer, now, 0);
    delays.push_back(std::chrono::duration_cast<milliseconds>(*redials.next_due() - now).count());
    now = *redials.next_due();
  }
  EXPECT_EQ(delays, (std::vector<long long>{250, 500, 1000, 2000, 4000, 5000, 5000, 5000}));
}

TEST(RedialSchedule, JitterTakesAtMostAQuarterAway) {
  RedialSchedule redials = schedule();
  redials.keep(peer, false, start);
  ASSERT_TRUE(redials.take_one_due(start));
  redials.failed(peer, start, 0.999999);
  EXPECT_GE(*redials.next_due(), start + milliseconds(187));
  EXPECT_LT(*redials.next_due(), start + milliseconds(189));
}

TEST(RedialSchedule, StartsOverWhenThePeerIsSeen) {
  RedialSchedule redials = schedule();
  redials.keep(peer, false, start);
  Instant now = start;
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(redials.take_one_due(now));
    redials.failed(peer, now, 0);
    now = *redials.next_due();
  }
  now -= milliseconds(4900);
  redials.seen(peer, now);
  EXPECT_EQ(redials.next_due(), now);
  ASSERT_TRUE(redials.take_one_due(now));
  redials.failed(peer, now, 0);
  EXPECT_EQ(*redials.next_due(), now + milliseconds(250));
}

TEST(RedialSchedule, SeenDuringADialMakesTheNextOneSoon) {
  RedialSchedule redials = schedule();
  redials.keep(peer, false, start);
  Instant now = start;
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(redials.take_one_due(now));
    redials.failed(peer, now, 0);
    now = *redials.next_due();
  }
  ASSERT_TRUE(redials.take_one_due(now));
  redials.seen(peer, now);
  redials.failed(peer, now, 0);
  EXPECT_EQ(*redials.next_due(), now + milliseconds(250));
}

TEST(RedialSchedule, ALostConnectionIsRedialledAfterTheFirstDelay) {
  RedialSchedule redials = schedule();
  redials.keep(peer, false, start);
  ASSERT_TRUE(redials.take_one_due(start));
  redials.connected(peer);
  EXPECT_EQ(redials.next_due(), std::nullopt);
  redials.disconnected(peer, start + seconds(9), 0);
  EXPECT_EQ(*redials.next_due(), start + seconds(9) + milliseconds(250));
}

TEST(RedialSchedule, TakesTheOneThatIsDueForLongestFirst) {
  RedialSchedule redials = schedule();
  redials.keep(other, false, start + seconds(1));
  redials.keep(peer, false, start);
  EXPECT_EQ(redials.take_one_due(start + seconds(2)), peer);
  EXPECT_EQ(redials.take_one_due(start + seconds(2)), other);
}

TEST(RedialSchedule, AReleasedPeerIsForgotten) {
  RedialSchedule redials = schedule();
  redials.keep(peer, false, start);
  redials.release(peer);
  EXPECT_FALSE(redials.keeps(peer));
  redials.seen(peer, start);
  redials.failed(peer, start, 0);
  redials.disconnected(peer, start, 0);
  EXPECT_EQ(redials.next_due(), std::nullopt);
}

}  // namespace
}  // namespace libp2p::test
