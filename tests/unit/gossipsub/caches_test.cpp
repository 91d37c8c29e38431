#include <gtest/gtest.h>

#include "libp2p/protocols/gossipsub/backoff.hpp"
#include "libp2p/protocols/gossipsub/message_cache.hpp"
#include "libp2p/protocols/gossipsub/promises.hpp"
#include "libp2p/protocols/gossipsub/seen_cache.hpp"
#include "tests/support/gossipsub.hpp"

namespace libp2p::gossipsub {
namespace {

using namespace test;
using std::chrono::hours;
using std::chrono::seconds;

const Instant start{hours(1)};

TEST(SeenCache, RemembersAnIdForItsTimeToLiveFromTheFirstSight) {
  SeenCache seen(100, seconds(120));
  EXPECT_TRUE(seen.insert(fake_id(1), start));
  EXPECT_FALSE(seen.insert(fake_id(1), start + seconds(100)));
  EXPECT_TRUE(seen.contains(fake_id(1), start + seconds(119)));
  EXPECT_FALSE(seen.contains(fake_id(1), start + seconds(120)));
  EXPECT_EQ(seen.size(), 0U);
  EXPECT_TRUE(seen.insert(fake_id(1), start + seconds(120)));
}

TEST(SeenCache, TheOldestMakeRoom) {
  SeenCache seen(3, seconds(120));
  for (std::uint64_t i = 0; i < 10; ++i) seen.insert(fake_id(i), start);
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_FALSE(seen.contains(fake_id(6), start));
  EXPECT_TRUE(seen.contains(fake_id(7), start));
  EXPECT_TRUE(seen.contains(fake_id(9), start));
}

WireMessage message(std::size_t size = 10) { return std::make_shared<const Bytes>(size, std::uint8_t{1}); }

TEST(MessageCache, AdvertisesForThreeHeartbeatsAndAnswersForFive) {
  MessageCache cache(5, 3, 1000);
  cache.put(fake_id(1), "t", message());
  for (int heartbeat = 0; heartbeat < 5; ++heartbeat) {
    EXPECT_EQ(cache.gossip_ids("t").size(), heartbeat < 3 ? 1U : 0U) << heartbeat;
    EXPECT_TRUE(cache.take_for(test_peer(1), fake_id(1), 100).message) << heartbeat;
    cache.shift();
  }
  EXPECT_FALSE(cache.take_for(test_peer(1), fake_id(1), 100).message);
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(MessageCache, GivesTheIdsOfOneTopicNewestFirst) {
  MessageCache cache(5, 3, 1000);
  cache.put(fake_id(1), "t", message());
  cache.put(fake_id(2), "u", message());
  cache.shift();
  cache.put(fake_id(3), "t", message());
  EXPECT_EQ(cache.gossip_ids("t"), (std::vector<MessageId>{fake_id(3), fake_id(1)}));
}

TEST(MessageCache, CountsForEachPeerHowOftenItAsked) {
  MessageCache cache(5, 3, 1000);
  cache.put(fake_id(1), "t", message());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(cache.take_for(test_peer(1), fake_id(1), 3).message);
  EXPECT_FALSE(cache.take_for(test_peer(1), fake_id(1), 3).message);
  EXPECT_TRUE(cache.take_for(test_peer(2), fake_id(1), 3).message);
}

TEST(MessageCache, HoldsNoMoreThanItsBytesAndDropsTheOldest) {
  MessageCache cache(5, 3, 100);
  cache.put(fake_id(1), "t", message(40));
  cache.shift();
  cache.put(fake_id(2), "t", message(40));
  cache.put(fake_id(3), "t", message(40));
  EXPECT_EQ(cache.bytes(), 80U);
  EXPECT_EQ(cache.gossip_ids("t"), (std::vector<MessageId>{fake_id(3), fake_id(2)}));
  cache.put(fake_id(4), "t", message(101));  // fits no way
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(Backoff, LastsAsLongAsAgreedAndWeWaitALittleLonger) {
  Backoff backoff(10, seconds(1));
  backoff.add("t", test_peer(1), seconds(60), start);
  EXPECT_TRUE(backoff.active("t", test_peer(1), start + seconds(59)));
  EXPECT_FALSE(backoff.active("t", test_peer(1), start + seconds(60)));
  EXPECT_FALSE(backoff.may_graft("t", test_peer(1), start + seconds(60)));
  EXPECT_TRUE(backoff.may_graft("t", test_peer(1), start + seconds(61)));
  EXPECT_FALSE(backoff.active("u", test_peer(1), start));
  EXPECT_TRUE(backoff.may_graft("t", test_peer(2), start));
}

TEST(Backoff, IsExtendedButNeverShortened) {
  Backoff backoff(10, seconds(1));
  backoff.add("t", test_peer(1), seconds(60), start);
  backoff.add("t", test_peer(1), seconds(10), start);
  EXPECT_TRUE(backoff.active("t", test_peer(1), start + seconds(59)));
  backoff.add("t", test_peer(1), seconds(60), start + seconds(30));
  EXPECT_TRUE(backoff.active("t", test_peer(1), start + seconds(89)));
}

TEST(Backoff, ForgetsWhatIsOverAndHoldsNoMoreThanItsCapacity) {
  Backoff backoff(10, seconds(1));
  for (std::uint32_t i = 0; i < 20; ++i) backoff.add("t", test_peer(i), seconds(10 + i), start);
  EXPECT_EQ(backoff.size(), 10U);
  EXPECT_TRUE(backoff.active("t", test_peer(19), start));  // those that end first have gone
  EXPECT_FALSE(backoff.active("t", test_peer(9), start));
  backoff.expire(start + seconds(21));
  EXPECT_EQ(backoff.size(), 9U);
  backoff.expire(start + seconds(100));
  EXPECT_EQ(backoff.size(), 0U);
}

TEST(Backoff, LetsOneAnswerThroughAnInterval) {
  Backoff backoff(10, seconds(1));
  backoff.add("t", test_peer(1), seconds(60), start);
  EXPECT_TRUE(backoff.may_answer("t", test_peer(1), seconds(1), start));
  EXPECT_FALSE(backoff.may_answer("t", test_peer(1), seconds(1), start));
  EXPECT_TRUE(backoff.may_answer("t", test_peer(1), seconds(1), start + seconds(1)));
}

TEST(Promises, AreBrokenWhenTheyExpireAndKeptByWhoeverDelivers) {
  Promises promises;
  promises.add(test_peer(1), fake_id(1), start + seconds(3));
  promises.add(test_peer(2), fake_id(1), start + seconds(3));
  promises.add(test_peer(1), fake_id(2), start + seconds(3));
  promises.add(test_peer(1), fake_id(2), start + seconds(9));  // asking again gives no more time
  promises.fulfil(fake_id(1));
  EXPECT_TRUE(promises.broken(start + seconds(2)).empty());
  EXPECT_EQ(promises.broken(start + seconds(3)), std::vector<PeerId>{test_peer(1)});
  EXPECT_EQ(promises.size(), 0U);
}

TEST(Promises, OfAPeerThatIsGoneAreForgotten) {
  Promises promises;
  promises.add(test_peer(1), fake_id(1), start);
  promises.add(test_peer(2), fake_id(1), start);
  promises.forget(test_peer(1));
  EXPECT_EQ(promises.broken(start), std::vector<PeerId>{test_peer(2)});
}

}  // namespace
}  // namespace libp2p::gossipsub
