#include "starling/changelog/anchor.hpp"
#include "tests/unit/fleet/fleet_world.hpp"

namespace starling {
namespace {

using testing::FleetWorld;
using testing::key_of;
using testing::must;
using testing::peer_of;
using testing::set_change;

struct Watcher final : FleetObserver {
  void on_fork(const RecordPtr& rival) override { forks.push_back(rival->id); }
  void on_ruling(const RecordPtr& ruling) override { rulings.push_back(ruling->id); }
  std::vector<RecordId> forks;
  std::vector<RecordId> rulings;
};

// Node 2's key was copied: two chains with one number, and a third node that is an admin.
class FleetForksTest : public ::testing::Test {
 protected:
  FleetForksTest()
      : one(world.fleet_of(1, store_one)),
        admin(world.fleet_of(3, store_admin)),
        left(world.forge(2, 9, nullptr, "left", world.now())),
        right(world.forge(2, 9, nullptr, "right", world.now())) {
    one->add_observer(watcher);
  }
  ~FleetForksTest() override {
    one->remove_observer(watcher);
    world.runtime.run(one->stop());
    world.runtime.run(admin->stop());
  }
  [[nodiscard]] json::value forged_setting(const Fleet& fleet) const {
    const json::value* value = find(fleet.document(), {"settings", "forged"});
    return value ? *value : json::value(nullptr);
  }

  FleetWorld world;
  MemoryStore store_one;
  MemoryStore store_admin;
  std::unique_ptr<Fleet> one;
  std::unique_ptr<Fleet> admin;
  RecordPtr left;
  RecordPtr right;
  Watcher watcher;
};

TEST_F(FleetForksTest, RV06_AForkIsToldAndBothSidesAreOutEverywhere) {
  world.write(*one, {"settings", "other"}, 1);
  world.pass_on(*one, *admin);
  EXPECT_TRUE(world.runtime.run(one->accept({left})));
  EXPECT_EQ(forged_setting(*one), "left");
  EXPECT_TRUE(world.runtime.run(one->accept({right})));
  EXPECT_EQ(watcher.forks, std::vector<RecordId>({right->id}));
  EXPECT_TRUE(world.runtime.run(admin->accept({right, left})));
  EXPECT_EQ(forged_setting(*one), nullptr);
  EXPECT_EQ(one->revision(), admin->revision());
  EXPECT_EQ(one->log().vector(), admin->log().vector());
  EXPECT_EQ(one->status_of(left->id).state, ChangeState::quarantined);
}

TEST_F(FleetForksTest, L3_AQuarantinedChangeHidesNothingThatItWasPutAfter) {
  const RecordPtr seen = world.write(*one, {"settings", "a"}, 1);
  world.pass_on(*one, *admin);
  Author two(key_of(2), 9);
  const RecordPtr follows = must(two.write(admin->authoring_context(), RecordKind::change,
                                           world.records[2]->id, set_change({"settings", "b"}, 1).to_body()));
  EXPECT_TRUE(world.runtime.run(admin->accept({follows, left})));
  ASSERT_EQ(admin->status_of(follows->id).state, ChangeState::quarantined);
  ASSERT_FALSE(admin->log().heads().contains(seen->id));
  const RecordPtr next = world.write(*admin, {"settings", "a"}, 2);
  EXPECT_TRUE(admin->log().happened_before(seen->id, next->id));
  EXPECT_TRUE(admin->merged().conflicts.empty());
}

TEST_F(FleetForksTest, L3_AnAdminsRulingLetsOneSideStandOnEveryNodeAndOverARestart) {
  EXPECT_TRUE(world.runtime.run(one->accept({left, right})));
  EXPECT_TRUE(world.runtime.run(admin->accept({right, left})));
  const Ruling ruling{left->record.chain(), 1, right->id};
  const RecordPtr ruled = must(world.runtime.run(admin->author(RecordKind::ruling, ruling.to_body())));
  world.pass_on(*admin, *one);
  EXPECT_EQ(watcher.rulings, std::vector<RecordId>({ruled->id}));
  EXPECT_EQ(forged_setting(*one), "right");
  EXPECT_EQ(forged_setting(*admin), "right");
  EXPECT_EQ(one->status_of(left->id).state, ChangeState::voided);
  EXPECT_EQ(one->status_of(right->id).state, ChangeState::applied);
  const auto again = world.fleet_of(1, store_one);
  EXPECT_EQ(again->revision(), one->revision());
}

TEST_F(FleetForksTest, L3_ARulingOfAnOperatorCountsForNothing) {
  EXPECT_TRUE(world.runtime.run(one->accept({left, right})));
  const Ruling ruling{left->record.chain(), 1, right->id};
  EXPECT_FALSE(world.runtime.run(one->author(RecordKind::ruling, ruling.to_body())));
}

TEST_F(FleetForksTest, L3_WhatAnAnchorCoversStandsWhenAForkIsProvenLater) {
  EXPECT_TRUE(world.runtime.run(one->accept({left})));
  EXPECT_TRUE(world.runtime.run(admin->accept({left})));
  const Anchor anchor{admin->log().vector(), *admin->revision(), 0};
  (void)must(world.runtime.run(admin->author(RecordKind::anchor, anchor.to_body())));
  world.pass_on(*admin, *one);
  EXPECT_TRUE(world.runtime.run(one->accept({right})));
  EXPECT_EQ(forged_setting(*one), "left");
  EXPECT_EQ(one->status_of(right->id).state, ChangeState::quarantined);
}

TEST_F(FleetForksTest, L3_AGrantInAQuarantinedPartCountsForNothingUntilARulingLetsItStand) {
  // The admin's chain is forked; on one side of it it had made an operator.
  const auto grant_by_admin = [&](std::uint8_t subject) {
    Record record;
    record.fleet = world.id;
    record.kind = RecordKind::grant;
    record.author = peer_of(key_of(3));
    record.incarnation = 4;
    record.seq = 1;
    record.hlc = world.now();
    record.grant = world.records[3]->id;
    record.body =
        Grant{peer_of(key_of(subject)), Role::operator_, "n" + std::to_string(subject), {}, {}}.to_body();
    return must(sign_record(record, key_of(3)));
  };
  const RecordPtr ten = grant_by_admin(10);
  const RecordPtr eleven = grant_by_admin(11);
  EXPECT_TRUE(world.runtime.run(one->accept({ten})));
  EXPECT_TRUE(one->charter().member(peer_of(key_of(10))));
  EXPECT_TRUE(world.runtime.run(one->accept({eleven})));
  EXPECT_FALSE(one->charter().member(peer_of(key_of(10))));
  EXPECT_FALSE(one->charter().member(peer_of(key_of(11))));
  Author root(key_of(200), 99);
  const RecordPtr ruling = must(root.write(one->authoring_context(), RecordKind::ruling, world.id,
                                           Ruling{ten->record.chain(), 1, eleven->id}.to_body()));
  EXPECT_TRUE(world.runtime.run(one->accept({ruling})));
  EXPECT_FALSE(one->charter().member(peer_of(key_of(10))));
  EXPECT_TRUE(one->charter().member(peer_of(key_of(11))));
}

TEST_F(FleetForksTest, L3_ANodeThatFindsItsOwnChainForkedWritesOnInAnotherIncarnation) {
  const RecordPtr own = world.write(*one, {"settings", "own"}, 1);
  const RecordPtr copy = world.forge(1, own->record.incarnation, nullptr, "copy", world.now());
  EXPECT_TRUE(world.runtime.run(one->accept({copy})));
  EXPECT_EQ(one->status_of(own->id).state, ChangeState::quarantined);
  const RecordPtr next = world.write(*one, {"settings", "own"}, 2);
  EXPECT_NE(next->record.incarnation, own->record.incarnation);
  EXPECT_EQ(one->status_of(next->id).state, ChangeState::applied);
}

TEST_F(FleetForksTest, RV22_ARecordOfAnUnknownKindIsKeptAndPassedOnAndStopsWriting) {
  Record record = left->record;
  record.kind = static_cast<RecordKind>(40);
  record.body = {1, 2, 3};
  const RecordPtr strange = must(sign_record(record, key_of(2)));
  const auto accepted = must(world.runtime.run(one->accept({strange})));
  EXPECT_TRUE(accepted.refused.empty());
  EXPECT_TRUE(one->log().holds(strange->id));
  const auto refused = one->may_author(RecordKind::change);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("upgrade needed"), std::string::npos);
  world.pass_on(*one, *admin);
  EXPECT_TRUE(admin->log().holds(strange->id));
  // It is still so after a restart.
  EXPECT_FALSE(world.fleet_of(1, store_one)->may_author(RecordKind::change));
}

}  // namespace
}  // namespace starling
