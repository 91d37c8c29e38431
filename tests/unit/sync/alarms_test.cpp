#include "starling/sync/alarms.hpp"

#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using std::chrono::seconds;
using testing::key_of;
using testing::noon;
using testing::peer_of;

RecordId record_number(std::uint8_t number) {
  RecordId id;
  id.bytes.fill(number);
  return id;
}
RevisionId revision_number(std::uint8_t number) {
  RevisionId id;
  id.bytes.fill(number);
  return id;
}

class StandingAlarms : public ::testing::Test {
 protected:
  Status status_of(std::uint8_t node) {
    Status status;
    status.node = peer_of(key_of(node));
    status.incarnation = 1;
    status.counter = ++counter;
    status.clock = noon;
    return status;
  }
  void hear(const Status& status, std::optional<StateMark> ours = {}) {
    EXPECT_TRUE(board.put(status, {}, now));
    alarms.heard(status, ours, holds, now);
  }
  void hear_heads(std::uint8_t node, std::vector<RecordId> heads) {
    Status status = status_of(node);
    status.heads = std::move(heads);
    hear(status);
  }
  void hear_state(std::uint8_t node, std::uint8_t vector, std::uint8_t revision, std::uint8_t our_revision,
                  unsigned level = 1) {
    Status status = status_of(node);
    status.vector_digest.emplace().fill(vector);
    status.revision = revision_number(revision);
    status.revision_level = level;
    StateMark ours{.revision = revision_number(our_revision)};
    ours.vector_digest.fill(7);
    hear(status, ours);
  }
  Alarms::Changes update() { return alarms.update(board, seconds(90), unfetchable, holds, of_fleet, now); }

  StatusBoard board;
  Alarms alarms;
  std::set<RecordId> held;
  const Alarms::Holds holds = [this](const RecordId& id) { return held.contains(id); };
  std::vector<Unfetchable> unfetchable;
  AlarmsSince of_fleet;
  std::uint64_t counter = 0;
  Instant now{seconds(1000)};
};

TEST_F(StandingAlarms, RV13_AMemberThatFallsSilentIsStaleAfterThreeHeartbeats) {
  hear(status_of(1));
  hear(status_of(1));
  now += seconds(90);
  EXPECT_TRUE(update().raised.empty());
  now += seconds(1);
  const auto changes = update();
  ASSERT_EQ(changes.raised.size(), 1U);
  EXPECT_EQ(changes.raised[0].kind, Alarm::Kind::stale);
  EXPECT_EQ(changes.raised[0].node, peer_of(key_of(1)));
  EXPECT_TRUE(update().raised.empty());  // once
  hear(status_of(1));
  EXPECT_EQ(update().over, changes.raised);
}

TEST_F(StandingAlarms, AMemberOfWhomOnlyAnOldStatusCameIsNotCalledStale) {
  hear(status_of(1));
  now += seconds(1000);
  EXPECT_TRUE(update().raised.empty());
}

TEST_F(StandingAlarms, RV13_AHeadThatNobodyBringsIsUnfetchableAfterNinetySeconds) {
  hear_heads(1, {record_number(5)});
  now += seconds(89);
  EXPECT_TRUE(update().raised.empty());
  now += seconds(1);
  const auto changes = update();
  ASSERT_EQ(changes.raised.size(), 1U);
  EXPECT_EQ(changes.raised[0].kind, Alarm::Kind::unfetchable);
  EXPECT_NE(explain(changes.raised[0]).find(to_cid(record_number(5))), std::string::npos);
  held.insert(record_number(5));
  EXPECT_EQ(update().over, changes.raised);
}

TEST_F(StandingAlarms, RV13_ANodeWhoseHeadsGoOnWhileNoneOfThemComesIsNoticedToo) {
  for (std::uint8_t head = 1; head < 5; ++head) {
    hear_heads(1, {record_number(head)});
    now += seconds(30);
  }
  EXPECT_EQ(update().raised.size(), 1U);
}

TEST_F(StandingAlarms, HeadsThatComeInTimeRaiseNothingHoweverManyFollow) {
  for (std::uint8_t head = 1; head < 50; ++head) {
    hear_heads(1, {record_number(head)});
    now += seconds(30);
    held.insert(record_number(head));
    EXPECT_TRUE(update().raised.empty());
  }
}

TEST_F(StandingAlarms, AVectorsEntryThatNobodyServesIsOneToo) {
  unfetchable.push_back({{peer_of(key_of(2)), 9}, 100, peer_of(key_of(1)), now});
  EXPECT_EQ(update().raised.size(), 1U);
  EXPECT_TRUE(update().raised.empty());
  unfetchable.clear();
  EXPECT_EQ(update().over.size(), 1U);
}

TEST_F(StandingAlarms, M9_TheSameVectorWithAnotherRevisionIsToldOncePerPair) {
  hear_state(1, 7, 3, 4);
  auto changes = update();
  ASSERT_EQ(changes.raised.size(), 1U);
  EXPECT_EQ(changes.raised[0].kind, Alarm::Kind::differs);
  EXPECT_EQ(changes.raised[0].node, peer_of(key_of(1)));
  EXPECT_NE(changes.raised[0].what.find(to_hex(revision_number(3))), std::string::npos);
  EXPECT_NE(changes.raised[0].what.find(to_hex(revision_number(4))), std::string::npos);
  hear_state(1, 7, 3, 4);
  EXPECT_TRUE(update().raised.empty());
  hear_state(1, 8, 3, 4);  // other records: nothing is known of it now, and nothing is taken back
  EXPECT_TRUE(update().over.empty());
  hear_state(1, 7, 5, 4);  // another pair
  changes = update();
  EXPECT_EQ(changes.raised.size(), 1U);
  EXPECT_EQ(changes.over.size(), 1U);
  hear_state(1, 7, 4, 4);
  EXPECT_EQ(update().over.size(), 1U);
}

TEST_F(StandingAlarms, M9_AnotherLevelOrOtherRecordsAreNoDifference) {
  hear_state(1, 7, 3, 4, 2);
  hear_state(2, 8, 3, 4);
  hear(status_of(3));
  EXPECT_TRUE(update().raised.empty());
}

TEST_F(StandingAlarms, TellSinceWhenTheirCauseHasBeenSeen) {
  const Instant begun = now;
  hear_heads(1, {record_number(5)});
  const Alarm other{Alarm::Kind::held, peer_of(key_of(2)), "a change"};
  now += seconds(100);
  of_fleet = {{other, now}};
  EXPECT_EQ(update().raised.size(), 2U);
  now += seconds(100);
  of_fleet = {{other, now}};
  EXPECT_TRUE(update().raised.empty());
  EXPECT_EQ(alarms.standing().begin()->second, begun);
  EXPECT_EQ(alarms.standing().at(other), now - seconds(100));
  of_fleet.clear();
  EXPECT_EQ(update().over, std::vector{other});
}

TEST_F(StandingAlarms, ANodeThatIsForgottenTakesItsAlarmsAlong) {
  hear_state(1, 7, 3, 4);
  EXPECT_EQ(update().raised.size(), 1U);
  alarms.forget(peer_of(key_of(1)));
  EXPECT_EQ(update().over.size(), 1U);
  EXPECT_TRUE(alarms.standing().empty());
}

}  // namespace
}  // namespace starling
