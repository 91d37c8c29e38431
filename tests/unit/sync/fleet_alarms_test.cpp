#include "starling/sync/fleet_alarms.hpp"

#include "starling/fleet/held.hpp"
#include "tests/unit/sync/sync_net.hpp"

namespace starling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::key_of;
using testing::must;
using testing::peer_of;
using testing::set_change;
using testing::SyncNet;

class FleetAlarms : public ::testing::Test {
 protected:
  FleetAlarms() { net.write(3, 1); }

  void give(SyncNet::Node& to, std::vector<RecordPtr> records) {
    EXPECT_TRUE(net.runtime.run(to.fleet.accept(std::move(records))));
    look();
  }
  void look() { net.runtime.run_for(seconds(6)); }
  // By node 3, in a chain that it doesn't go on with.
  RecordPtr forge(std::string_view value, libp2p::WallTime wall, const RecordPtr& prev = nullptr) {
    Record record;
    record.fleet = net.fleet.id();
    record.kind = RecordKind::change;
    record.author = peer_of(key_of(3));
    record.incarnation = 9;
    record.seq = prev ? prev->record.seq + 1 : 1;
    if (prev) record.prev = prev->id;
    record.grant = net.grant_of(3);
    record.hlc = Hlc::at(wall);
    record.body = set_change({"side"}, json::string(value)).to_body();
    return must(sign_record(record, key_of(3)));
  }
  [[nodiscard]] static std::vector<Alarm> standing(const SyncNet::Node& node) {
    std::vector<Alarm> alarms;
    for (const auto& [alarm, since] : node.sync.alarms().standing()) alarms.push_back(alarm);
    return alarms;
  }

  SyncNet net;
};

TEST_F(FleetAlarms, L7_AHeldChangeIsOneUntilItIsDiscarded) {
  SyncNet::Node& node = net.add(1);
  const RecordPtr early = forge("early", testing::noon + std::chrono::hours(24));
  give(node, {early});
  EXPECT_EQ(standing(node), std::vector<Alarm>({{Alarm::Kind::held, peer_of(key_of(3)), to_cid(early->id)}}));
  EXPECT_NE(explain(standing(node).front()).find("starling discard"), std::string::npos);
  const Change discard = must(discard_of(node.fleet, std::vector{early->id}));
  EXPECT_TRUE(net.runtime.run(node.fleet.author(RecordKind::change, discard.to_body())));
  look();
  EXPECT_TRUE(standing(node).empty());
  EXPECT_EQ(node.heard.raised(Alarm::Kind::held), 1U);
}

TEST_F(FleetAlarms, L7_AClockBeyondToleranceIsOneEitherWay) {
  SyncNet::Node& node = net.add(1);
  const auto clock_alarms = [&](std::chrono::milliseconds offset) {
    const AlarmsSince alarms =
        fleet_alarms(node.fleet, {{peer_of(key_of(2)), offset}}, testing::noon, net.runtime.now());
    return alarms.empty() ? std::string() : alarms.begin()->first.what;
  };
  EXPECT_EQ(clock_alarms(-minutes(5)), "");
  EXPECT_EQ(clock_alarms(-minutes(6)), "ahead of");
  EXPECT_EQ(clock_alarms(minutes(6)), "behind");
}

TEST_F(FleetAlarms, L3_AForkIsOneUntilItIsRuledOn) {
  SyncNet::Node& node = net.add(1);
  const RecordPtr left = forge("left", testing::noon);
  give(node, {left, forge("right", testing::noon)});
  ASSERT_EQ(standing(node).size(), 1U);
  const Alarm alarm = standing(node).front();
  EXPECT_EQ(alarm.kind, Alarm::Kind::fork);
  EXPECT_EQ(alarm.node, peer_of(key_of(3)));
  EXPECT_EQ(alarm.what, peer_of(key_of(3)).to_string() + "/0000000000000009");
  give(node,
       {net.fleet.root_writes(RecordKind::ruling, Ruling{left->record.chain(), 1, left->id}.to_body())});
  EXPECT_TRUE(standing(node).empty());
}

TEST_F(FleetAlarms, L3_AForkBeforeOneThatWasRuledOnIsOneUntilItIsRuledOnToo) {
  SyncNet::Node& node = net.add(1);
  const auto rule_none_from = [&](const RecordPtr& record) {
    const Ruling none{record->record.chain(), record->record.seq, RecordId{}};
    give(node, {net.fleet.root_writes(RecordKind::ruling, none.to_body())});
  };
  const RecordPtr first = forge("first", testing::noon);
  const RecordPtr left = forge("left", testing::noon + seconds(1), first);
  give(node, {first, left, forge("right", testing::noon + seconds(1), first)});
  rule_none_from(left);
  EXPECT_TRUE(standing(node).empty());
  // Both ends lie past the ruling; what is before them waits for another.
  const RecordPtr rival = forge("rival", testing::noon);
  give(node, {rival, forge("after", testing::noon + seconds(1), rival)});
  ASSERT_EQ(standing(node).size(), 1U);
  EXPECT_EQ(standing(node).front().kind, Alarm::Kind::fork);
  rule_none_from(first);
  EXPECT_TRUE(standing(node).empty());
}

TEST_F(FleetAlarms, M9_AnAnchorOfAnotherStateIsOneOverRestartsToo) {
  SyncNet::Node& node = net.add(1);
  Anchor wrong{net.fleet.log.vector(), {}, 0};
  wrong.revision.bytes.fill(7);
  const RecordPtr anchor = net.fleet.root_writes(RecordKind::anchor, wrong.to_body());
  give(node, {anchor});
  const Alarm alarm{Alarm::Kind::state_differs, anchor->record.author, to_cid(anchor->id)};
  EXPECT_EQ(standing(node), std::vector<Alarm>({alarm}));
  const libp2p::Instant since = node.sync.alarms().standing().at(alarm);
  Fleet again(net.runtime.env(), net.fleet.id(), key_of(1), node.store);
  ASSERT_TRUE(again.load());
  net.runtime.run_for(minutes(1));
  const AlarmsSince remembered = fleet_alarms(again, {}, net.runtime.env().clock.wall(), net.runtime.now());
  ASSERT_EQ(remembered.size(), 1U);
  EXPECT_EQ(remembered.begin()->first, alarm);
  EXPECT_LE(remembered.begin()->second, since);
  net.runtime.run(again.stop());
}

TEST_F(FleetAlarms, M9_ADifferenceThatACheckpointHasSettledIsForgotten) {
  SyncNet::Node& node = net.add(1);
  const auto give_wrong_anchor = [&](const RecordId& base) {
    Anchor wrong{node.fleet.log().vector(), {}, 0};
    wrong.revision.bytes.fill(7);
    wrong.base = base;
    RecordPtr anchor = net.fleet.root_writes(RecordKind::anchor, wrong.to_body());
    give(node, {anchor});
    return anchor;
  };
  const RecordPtr first = give_wrong_anchor({});
  ASSERT_EQ(standing(node).size(), 1U);
  const Checkpoint next = must(net.runtime.run(node.fleet.next_checkpoint()));
  const RecordPtr checkpoint = net.fleet.root_writes(RecordKind::checkpoint, next.to_body());
  give(node, {checkpoint});
  EXPECT_TRUE(standing(node).empty());
  const RecordPtr second = give_wrong_anchor(checkpoint->id);
  ASSERT_EQ(standing(node).size(), 1U);
  EXPECT_EQ(standing(node).front().what, to_cid(second->id));
  const std::string& remembered = node.fleet.facts().find(differences_fact)->second;
  EXPECT_NE(remembered.find(to_cid(second->id)), std::string::npos);
  EXPECT_EQ(remembered.find(to_cid(first->id)), std::string::npos);
}

TEST_F(FleetAlarms, M9_NoMoreDifferencesAreRememberedThanTheLimit) {
  SyncNet::Node& node = net.add(1);
  Anchor wrong{net.fleet.log.vector(), {}, 0};
  wrong.revision.bytes.fill(7);
  std::vector<RecordPtr> anchors;
  for (std::size_t i = 0; i <= max_differences; ++i)
    anchors.push_back(net.fleet.root_writes(RecordKind::anchor, wrong.to_body()));
  give(node, anchors);
  std::string most;
  for (std::size_t i = 0; i < max_differences; ++i) most += to_cid(anchors[i]->id) + " 0\n";
  EXPECT_TRUE(net.runtime.run(node.fleet.remember(std::string(differences_fact), most)));
  EXPECT_EQ(std::ranges::count(with_difference(node.fleet, anchors.back()->id, testing::noon), '\n'),
            max_differences);
}

}  // namespace
}  // namespace starling
