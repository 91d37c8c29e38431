#include "starling/model/status.hpp"

#include "starling/sync/status_board.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::key_of;
using testing::must;
using testing::noon;
using testing::peer_of;

Status sample(std::uint8_t node = 1) {
  Status status;
  status.fleet.bytes.fill(1);
  status.node = peer_of(key_of(node));
  status.incarnation = 77;
  status.counter = 3;
  status.clock = noon;
  status.heads = {RecordId{}, RecordId{}};
  status.heads[1].bytes.fill(2);
  status.revision.emplace().bytes.fill(3);
  status.generation.emplace().bytes.fill(4);
  status.fact(FactKind::applied) = Fact{*status.revision, status.heads, milliseconds(1500)};
  status.held = "because";
  status.error = "Invalid configuration.";
  return status;
}

TEST(Status, RoundTripsSigned) {
  const Status status = sample();
  const auto again = Status::open(must(status.seal(key_of(1))));
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->node, status.node);
  EXPECT_EQ(again->incarnation, status.incarnation);
  EXPECT_EQ(again->counter, status.counter);
  EXPECT_EQ(again->clock, status.clock);
  EXPECT_EQ(again->heads, status.heads);
  EXPECT_EQ(again->revision, status.revision);
  EXPECT_EQ(again->generation, status.generation);
  ASSERT_TRUE(again->fact(FactKind::applied));
  EXPECT_EQ(again->fact(FactKind::applied)->age, milliseconds(1500));
  EXPECT_EQ(again->fact(FactKind::applied)->heads, status.heads);
  EXPECT_FALSE(again->fact(FactKind::healthy));
  EXPECT_EQ(again->held, status.held);
  EXPECT_EQ(again->error, status.error);
  EXPECT_TRUE(again->serves);
}

TEST(Status, RV29_OneSignedByAnotherNodeIsRefused) {
  EXPECT_FALSE(Status::open(must(sample(1).seal(key_of(2)))));
}

TEST(Status, AnyFlippedByteIsRefused) {
  const Bytes envelope = must(sample().seal(key_of(1)));
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    Bytes wrong = envelope;
    wrong[i] ^= 1;
    EXPECT_FALSE(Status::open(wrong)) << "at " << i;
  }
}

TEST(Status, APeekTellsWhatIsClaimedAndTrustsNobody) {
  Bytes envelope = must(sample().seal(key_of(1)));
  envelope.back() ^= 1;  // the signature is the last field
  ASSERT_FALSE(Status::open(envelope));
  const auto claimed = Status::peek(envelope);
  ASSERT_TRUE(claimed) << claimed.error().to_string();
  EXPECT_EQ(claimed->node, sample().node);
  EXPECT_EQ(claimed->counter, sample().counter);
  EXPECT_FALSE(Status::peek(Bytes(max_status_bytes + 1, 1)));
  EXPECT_FALSE(Status::peek(Bytes(20, 0xff)));
}

class Board : public ::testing::Test {
 protected:
  bool put(std::uint64_t incarnation, std::uint64_t counter, libp2p::WallTime clock = noon) {
    Status status = sample();
    status.incarnation = incarnation;
    status.counter = counter;
    status.clock = clock;
    return board.put(std::move(status), {}, now);
  }
  StatusBoard board;
  Instant now{};
};

TEST_F(Board, KeepsTheLatestOfANode) {
  EXPECT_TRUE(put(1, 5));
  EXPECT_FALSE(put(1, 5));
  EXPECT_FALSE(put(1, 4));
  EXPECT_TRUE(put(1, 6));
  EXPECT_EQ(board.find(peer_of(key_of(1)))->status.counter, 6U);
  EXPECT_TRUE(board.is_news(sample(2)));
}

TEST_F(Board, IsFreshOnlyOnceTheCounterAdvancedWhileWeListened) {
  const PeerId node = peer_of(key_of(1));
  put(1, 5);
  EXPECT_FALSE(board.is_fresh(node, now, seconds(30)));
  put(1, 6);
  EXPECT_TRUE(board.is_fresh(node, now, seconds(30)));
  EXPECT_FALSE(board.is_fresh(node, now + seconds(31), seconds(30)));
}

TEST_F(Board, AReplayedStatusOfAnEarlierRunDoesNotPushAsideThePresentOne) {
  put(1, 5, noon);
  EXPECT_TRUE(put(2, 1, noon + seconds(1)));
  EXPECT_FALSE(put(1, 9, noon));
  EXPECT_EQ(board.find(peer_of(key_of(1)))->status.incarnation, 2U);
}

TEST_F(Board, TellsWhoAsksOnlyWhatIsNewsToIt) {
  const auto keep = [this](std::uint8_t node, std::uint64_t incarnation, std::uint64_t counter) {
    Status status = sample(node);
    status.incarnation = incarnation;
    status.counter = counter;
    board.put(std::move(status), Bytes{node}, now);
  };
  for (std::uint8_t node = 1; node <= 3; ++node) keep(node, 1, 5);
  const PeerId asker = peer_of(key_of(3));
  EXPECT_EQ(board.news_to(asker, {}, 9).size(), 2U);
  EXPECT_EQ(board.news_to(asker, {}, 1).size(), 1U);
  const std::vector<StatusMark> known = board.marks();
  EXPECT_TRUE(board.news_to(asker, known, 9).empty());
  keep(1, 1, 6);
  EXPECT_EQ(board.news_to(asker, known, 9), std::vector<Bytes>({Bytes{1}}));
  keep(2, 8, 1);  // it has started anew
  EXPECT_EQ(board.news_to(asker, known, 9).size(), 2U);
}

TEST_F(Board, L7_FleetTimeIsTheMedianOfFreshClocks) {
  for (std::uint8_t node = 1; node <= 4; ++node) {
    for (std::uint64_t counter : {std::uint64_t{1}, std::uint64_t{2}}) {
      Status status = sample(node);
      status.counter = counter;
      status.clock = noon + seconds(node == 4 ? 100'000 : node);  // one of them is off by a day
      board.put(std::move(status), {}, now);
    }
  }
  EXPECT_EQ(board.clock_offset(noon, now, seconds(30)), seconds(2));
  EXPECT_EQ(board.clock_offset(noon, now + seconds(60), seconds(30)), seconds(0));
}

TEST(StatusPause, GrowsWithTheFleetFromTwentyMilliseconds) {
  EXPECT_EQ(status_pause(1), milliseconds(20));
  EXPECT_EQ(status_pause(100), seconds(1));
}

TEST(Heartbeat, GrowsWithTheFleetFromThirtySeconds) {
  EXPECT_EQ(heartbeat_interval(3), seconds(30));
  EXPECT_EQ(heartbeat_interval(1000), seconds(50));
}

}  // namespace
}  // namespace starling
