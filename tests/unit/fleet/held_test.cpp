#include "starling/fleet/held.hpp"

#include "tests/unit/fleet/fleet_world.hpp"

namespace starling {
namespace {

using testing::FleetWorld;
using testing::must;

constexpr std::chrono::hours ahead{24 * 365 * 10};

class HeldTest : public ::testing::Test {
 protected:
  HeldTest()
      : one(world.fleet_of(1, store_one)),
        three(world.fleet_of(3, store_three)),
        future(world.fleet_of(2, store_future, ahead)) {}
  ~HeldTest() override {
    for (const auto* fleet : {&one, &three, &future}) world.runtime.run((*fleet)->stop());
  }
  RecordPtr author(Fleet& fleet, const Change& change) {
    return must(world.runtime.run(fleet.author(RecordKind::change, change.to_body())));
  }

  FleetWorld world;
  MemoryStore store_one;
  MemoryStore store_three;
  MemoryStore store_future;
  std::unique_ptr<Fleet> one;
  std::unique_ptr<Fleet> three;
  std::unique_ptr<Fleet> future;
};

TEST_F(HeldTest, RV03_TenYearsAheadIsKeptAndHeldAndPushesNobodysClock) {
  const RecordPtr early = world.write(*future, {"settings", "a"}, 1);
  world.pass_on(*future, *one);
  EXPECT_EQ(one->status_of(early->id).state, ChangeState::held);
  EXPECT_EQ(one->held().size(), 1U);
  const RecordPtr own = world.write(*one, {"settings", "b"}, 1);
  EXPECT_LT(own->record.hlc, early->record.hlc);
  EXPECT_FALSE(std::ranges::binary_search(own->record.parents, early->id));
  EXPECT_LT(one->log().latest(one->authoring_context().ceiling), early->record.hlc);
}

TEST_F(HeldTest, RV03_ANodeWhoseClockWasAheadWritesOnOnceItIsSet) {
  const RecordPtr early = world.write(*future, {"settings", "a"}, 1);
  // The same store under a clock that is right.
  world.runtime.run(future->stop());
  future = world.fleet_of(2, store_future);
  const RecordPtr next = world.write(*future, {"settings", "b"}, 2);
  EXPECT_LT(next->record.hlc, early->record.hlc);
  EXPECT_TRUE(next->record.parents.empty() || !std::ranges::binary_search(next->record.parents, early->id));
  EXPECT_EQ(future->status_of(next->id).state, ChangeState::applied);
}

TEST_F(HeldTest, L7_AHeldChangeHidesNothingThatItWasPutAfter) {
  const RecordPtr seen = world.write(*three, {"settings", "a"}, 1);
  world.pass_on(*three, *one);
  world.pass_on(*three, *future);
  RecordPtr early = world.write(*future, {"settings", "b"}, 1);
  for (int i = 0; i < 3; ++i) early = world.write(*future, {"settings", "b"}, i);
  world.pass_on(*future, *one);
  ASSERT_EQ(one->log().heads(), std::set{early->id});
  const RecordPtr next = world.write(*one, {"settings", "a"}, 2);
  EXPECT_EQ(next->record.parents, std::vector{seen->id});
  EXPECT_TRUE(one->merged().conflicts.empty());
  // What is known already is not named once more.
  EXPECT_TRUE(world.write(*one, {"settings", "a"}, 3)->record.parents.empty());
}

TEST_F(HeldTest, L7_ADiscardMakesHeldChangesVoidOnEveryNodeWhateverComesFirst) {
  const RecordPtr early = world.write(*future, {"settings", "a"}, 1);
  const RecordPtr follows = world.write(*future, {"settings", "a"}, 2);
  world.pass_on(*future, *one);
  const Change discard = must(discard_of(*one, std::vector{early->id}));
  EXPECT_EQ(discard.voids.size(), 2U);
  EXPECT_TRUE(discard.edits.empty());
  const RecordPtr by = author(*one, discard);
  EXPECT_EQ(one->status_of(early->id).state, ChangeState::voided);
  EXPECT_NE(one->status_of(early->id).reason.find(to_cid(by->id)), std::string::npos);
  EXPECT_TRUE(one->held().empty());
  // Elsewhere the discard comes before what it is about, and long after fleet time has reached that.
  EXPECT_TRUE(world.runtime.run(three->accept({by})));
  world.runtime.run_for(ahead + std::chrono::hours(1));
  world.pass_on(*future, *three);
  EXPECT_EQ(three->status_of(follows->id).state, ChangeState::voided);
  one->tick();
  EXPECT_EQ(one->status_of(follows->id).state, ChangeState::voided);
  EXPECT_EQ(one->revision(), three->revision());
}

// A clock may be set back at will: that must not give an operator a say over what has long been agreed on.
TEST_F(HeldTest, L7_WhatAnotherHasBuiltUponIsOutOfADiscardsReach) {
  world.runtime.run_for(std::chrono::hours(1));
  const RecordPtr agreed = world.write(*one, {"settings", "a"}, 1);
  world.pass_on(*one, *three);
  const RecordPtr upon = world.write(*three, {"settings", "b"}, 2);
  MemoryStore store_past;
  const auto past = world.fleet_of(2, store_past, -std::chrono::hours(1));
  Change discard;
  discard.voids = {std::min(agreed->id, upon->id), std::max(agreed->id, upon->id)};
  const RecordPtr by = author(*past, discard);
  ASSERT_TRUE(Discards::reaches(by->record.hlc, agreed->record.hlc));
  // First without what protects the one, then with it; and elsewhere the other way round.
  EXPECT_TRUE(world.runtime.run(one->accept({by})));
  EXPECT_EQ(one->status_of(agreed->id).state, ChangeState::voided);
  EXPECT_TRUE(world.runtime.run(three->accept({by})));
  world.pass_on(*three, *one);
  for (const Fleet* fleet : {one.get(), three.get()}) {
    EXPECT_EQ(fleet->status_of(agreed->id).state, ChangeState::applied);
    EXPECT_EQ(fleet->status_of(upon->id).state, ChangeState::voided);  // as it could be reverted
  }
  EXPECT_EQ(one->revision(), three->revision());
  world.runtime.run(past->stop());
}

TEST_F(HeldTest, L7_WhatWasDiscardedStaysVoidWhenItsTimeHasCome) {
  const RecordPtr early = world.write(*future, {"settings", "a"}, 1);
  world.pass_on(*future, *one);
  author(*one, must(discard_of(*one, std::vector{early->id})));
  // Its author comes back, its clock set.
  world.pass_on(*one, *future);
  const auto again = world.fleet_of(2, store_future);
  world.runtime.run_for(ahead + std::chrono::hours(1));
  const RecordPtr own = world.write(*again, {"settings", "b"}, 1);
  world.pass_on(*again, *one);
  world.write(*one, {"settings", "c"}, 1);
  world.pass_on(*one, *again);
  for (const Fleet* fleet : {again.get(), one.get()}) {
    EXPECT_FALSE(fleet->log().happened_before(early->id, own->id));
    EXPECT_EQ(fleet->status_of(early->id).state, ChangeState::voided);
    EXPECT_EQ(find(fleet->document(), {"settings", "a"}), nullptr);
  }
  world.runtime.run(again->stop());
}

TEST_F(HeldTest, L7_AReproposalSaysTheSameUnderAClockOfNow) {
  const RecordPtr early = world.write(*future, {"settings", "a"}, 1);
  world.pass_on(*future, *one);
  const RecordPtr again = author(*one, must(repropose_of(*one, std::vector{early->id})));
  EXPECT_EQ(one->status_of(early->id).state, ChangeState::voided);
  EXPECT_EQ(one->status_of(again->id).state, ChangeState::applied);
  EXPECT_TRUE(one->revision());
  world.runtime.run_for(ahead + std::chrono::hours(1));
  one->tick();
  EXPECT_EQ(one->status_of(early->id).state, ChangeState::voided);
}

TEST_F(HeldTest, L7_WhatIsNotHeldCannotBeDiscarded) {
  const RecordPtr own = world.write(*one, {"settings", "a"}, 1);
  const auto refused = discard_of(*one, std::vector{own->id});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("applied, not held"), std::string::npos);
  EXPECT_EQ(discard_of(*one, std::vector{RecordId{}}).error().code, Errc::not_found);
  // And a change that names it all the same does nothing to it.
  Change discard;
  discard.voids = {own->id};
  author(*one, discard);
  EXPECT_EQ(one->status_of(own->id).state, ChangeState::applied);
}

TEST_F(HeldTest, L7_ADiscardThatIsItselfVoidVoidsNothing) {
  const RecordPtr target = world.write(*future, {"settings", "a"}, 1);
  world.pass_on(*future, *one);
  // Written an hour ahead, and itself discarded.
  MemoryStore store;
  const auto hour_ahead = world.fleet_of(1, store, std::chrono::hours(1));
  world.pass_on(*future, *hour_ahead);
  const RecordPtr discard = author(*hour_ahead, must(discard_of(*hour_ahead, std::vector{target->id})));
  EXPECT_TRUE(world.runtime.run(three->accept({discard})));
  const RecordPtr rescue = author(*three, must(discard_of(*three, std::vector{discard->id})));
  for (Fleet* fleet : {one.get(), three.get(), hour_ahead.get()}) {
    world.pass_on(*future, *fleet);
    EXPECT_TRUE(world.runtime.run(fleet->accept({rescue, discard})));
    EXPECT_EQ(fleet->status_of(discard->id).state, ChangeState::voided);
    EXPECT_EQ(fleet->status_of(target->id).state, ChangeState::held);
  }
  world.runtime.run(hour_ahead->stop());
}

}  // namespace
}  // namespace starling
