#include "starling/history/tips.hpp"

#include <gtest/gtest.h>

#include "starling/history/causal_past.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::key_of;
using testing::set_change;

// a ← b of one author; c of another knows a alone; d knows all of them.
struct Diamond {
  Diamond() {
    const RecordId grant = fleet.grant(key_of(1), Role::operator_, "one")->id;
    a = fleet.write(one, RecordKind::change, grant, set_change({"a"}, 1).to_body());
    Changelog without_b = fleet.log;
    b = fleet.write(one, RecordKind::change, grant, set_change({"b"}, 1).to_body());
    c = testing::must(two.write({fleet.id(), without_b, testing::noon, Hlc{UINT64_MAX}}, RecordKind::change,
                                grant, set_change({"c"}, 1).to_body()));
    EXPECT_EQ(fleet.log.ingest(c).outcome, Changelog::Outcome::added);
    d = fleet.write(one, RecordKind::change, grant, set_change({"d"}, 1).to_body());
  }
  FoundedFleet fleet;
  Author one{key_of(1), 1};
  Author two{key_of(2), 1};
  RecordPtr a, b, c, d;
};

TEST(Tips, AreThoseThatNoneNames) {
  const Diamond changes;
  Tips tips;
  tips.add(*changes.a);
  EXPECT_EQ(tips.ids(), std::set{changes.a->id});
  tips.add(*changes.b);
  tips.add(*changes.c);
  EXPECT_EQ(tips.ids(), (std::set{changes.b->id, changes.c->id}));
  tips.add(*changes.d);
  tips.add(*changes.d);
  EXPECT_EQ(tips.ids(), std::set{changes.d->id});
}

TEST(Tips, DoNotDependOnTheOrderOfComing) {
  const Diamond changes;
  Tips tips;
  for (const RecordPtr& change : {changes.d, changes.b, changes.a, changes.c}) tips.add(*change);
  EXPECT_EQ(tips.ids(), std::set{changes.d->id});
}

TEST(Tips, ComeBackWhenWhatNamedThemLeaves) {
  const Diamond changes;
  Tips tips;
  for (const RecordPtr& change : {changes.a, changes.b, changes.c, changes.d}) tips.add(*change);
  tips.remove(*changes.d);
  EXPECT_EQ(tips.ids(), (std::set{changes.b->id, changes.c->id}));
  tips.remove(*changes.b);
  tips.remove(*changes.b);
  EXPECT_EQ(tips.ids(), std::set{changes.c->id}) << "c still names a";
  tips.remove(*changes.c);
  EXPECT_EQ(tips.ids(), std::set{changes.a->id});
}

TEST(CausalPast, IsTheHeadsAndAllTheyBuildOn) {
  const Diamond changes;
  const std::set<RecordId> past = causal_past(changes.fleet.log, std::vector{changes.c->id});
  EXPECT_TRUE(past.contains(changes.c->id));
  EXPECT_TRUE(past.contains(changes.a->id));
  EXPECT_TRUE(past.contains(changes.fleet.genesis->id));
  EXPECT_FALSE(past.contains(changes.b->id));
  EXPECT_EQ(causal_past(changes.fleet.log, std::vector{changes.d->id}).size(), changes.fleet.log.size());
}

TEST(CausalPast, LeavesOutWhatIsNotHeld) {
  const Diamond changes;
  const Changelog empty(changes.fleet.id());
  EXPECT_TRUE(causal_past(empty, std::vector{changes.d->id}).empty());
}

}  // namespace
}  // namespace starling
