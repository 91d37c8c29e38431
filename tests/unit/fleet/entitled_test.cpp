// L4: a record comes after its grant. Which records are in the log, and what they do, is then the same for
// who knew the grant before and who hears of it last.
#include "starling/fleet/history_keeper.hpp"
#include "tests/unit/fleet/fleet_world.hpp"

namespace starling {
namespace {

using testing::FleetWorld;
using testing::key_of;
using testing::must;
using testing::peer_of;
using testing::set_change;

class EntitledTest : public ::testing::Test {
 protected:
  EntitledTest() : early(world.fleet_of(1, store_early)), late(world.fleet_of(2, store_late)) {}
  ~EntitledTest() override {
    for (const auto* fleet : {&early, &late}) world.runtime.run((*fleet)->stop());
  }

  // Signed by root, and known to nobody yet.
  RecordPtr grant(std::uint8_t node, Role role) {
    Changelog log(world.id);
    for (const RecordPtr& record : world.records) (void)log.ingest(record);
    Author root(key_of(200), 9);
    const Grant grant{peer_of(key_of(node)), role, "late", {}, {}};
    return must(root.write({world.id, log, world.runtime.env().clock.wall(), Hlc{UINT64_MAX}},
                           RecordKind::grant, world.id, grant.to_body()));
  }
  // A change by node `author`, in incarnation 77.
  RecordPtr say(std::uint8_t author, const RecordId& under, const SignedRecord* prev, std::int64_t value,
                std::vector<RecordId> parents = {}) {
    Record record;
    record.fleet = world.id;
    record.kind = RecordKind::change;
    record.author = peer_of(key_of(author));
    record.incarnation = 77;
    record.seq = prev ? prev->record.seq + 1 : 1;
    if (prev) record.prev = prev->id;
    record.parents = std::move(parents);
    record.grant = under;
    record.hlc = Hlc{world.now().value + clock_++};
    record.body = set_change({"settings", "said"}, value).to_body();
    return must(sign_record(record, key_of(author)));
  }
  // To the one that knows the grant before, and to the other, which hears of it last.
  void tell(const RecordPtr& known, const std::vector<RecordPtr>& records) {
    give(*early, {known});
    for (int turn = 0; turn < 2; ++turn) give(*early, records);
    give(*late, records);
    give(*late, {known});
    for (int turn = 0; turn < 2; ++turn) give(*late, records);
    EXPECT_EQ(early->log().vector(), late->log().vector());
    EXPECT_EQ(early->revision(), late->revision());
  }
  Fleet::Accepted give(Fleet& fleet, const std::vector<RecordPtr>& records) {
    auto accepted = must(world.runtime.run(fleet.accept(records)));
    world.settle();
    return accepted;
  }
  [[nodiscard]] RecordId grant_of(std::uint8_t node) const { return world.records[node]->id; }

  FleetWorld world;
  MemoryStore store_early;
  MemoryStore store_late;
  std::unique_ptr<Fleet> early;
  std::unique_ptr<Fleet> late;
  std::uint64_t clock_ = 1;
};

TEST_F(EntitledTest, L4_WhatTheGrantDeniesIsInNobodysLog) {
  const RecordPtr guest = grant(9, Role::node);
  const RecordPtr first = say(9, guest->id, nullptr, 1);
  const RecordPtr second = say(9, guest->id, first.get(), 2);
  tell(guest, {first, second});
  EXPECT_FALSE(early->log().holds(first->id));
  EXPECT_FALSE(late->log().holds(first->id));
  EXPECT_EQ(late->log().waiting(), 0U);
  const auto refused = give(*late, {first, second}).refused;
  ASSERT_EQ(refused.size(), 2U);
  EXPECT_EQ(refused.front().second.code, Errc::refused);
}

// Another operator signs under it, and then, with every right, on top of that; and somebody honest follows,
// if he can.
TEST_F(EntitledTest, L4_WhatRestsOnWhatIsDeniedWaitsForEverAndNobodyBuildsOnIt) {
  const RecordPtr guest = grant(9, Role::operator_);
  const RecordPtr denied = say(2, guest->id, nullptr, 1);
  const RecordPtr after = say(2, grant_of(2), denied.get(), 2);
  give(*late, {denied, after});
  const RecordPtr honest = world.write(*late, {"settings", "honest"}, 1);
  tell(guest, {denied, after, honest});
  for (const auto* fleet : {&early, &late}) {
    EXPECT_FALSE((*fleet)->log().holds(denied->id));
    EXPECT_FALSE((*fleet)->log().holds(after->id));
    EXPECT_EQ((*fleet)->status_of(honest->id).state, ChangeState::applied);
  }
}

TEST_F(EntitledTest, L3_WhatIsDeniedProvesNoFork) {
  const RecordPtr guest = grant(9, Role::operator_);
  const RecordPtr denied = say(2, guest->id, nullptr, 1);
  const RecordPtr rival = say(2, grant_of(2), nullptr, 2);
  tell(guest, {denied, rival});
  EXPECT_EQ(late->status_of(rival->id).state, ChangeState::applied);
}

TEST_F(EntitledTest, L8_ACheckpointIsTheSameWhereverSuchARecordCameFirst) {
  MemoryStore store;
  const auto admin = world.fleet_of(3, store);
  const RecordPtr guest = grant(9, Role::node);
  const RecordPtr stray = say(9, guest->id, nullptr, 1);
  world.write(*early, {"settings", "a"}, 1);
  world.pass_on(*early, *admin);
  give(*admin, {stray});
  give(*admin, {guest});
  const RecordPtr checkpoint = must(world.runtime.run(admin->write_checkpoint()));
  world.pass_on(*admin, *late);
  EXPECT_EQ(late->checkpoint(), checkpoint);
  world.runtime.run(admin->stop());
}

// As an earlier version may have left them.
TEST_F(EntitledTest, L4_WhatIsOnDiskAndHasNoRightIsPassedOver) {
  const RecordPtr guest = grant(9, Role::node);
  const RecordPtr stray = say(9, guest->id, nullptr, 1);
  world.runtime.run(late->stop());
  EXPECT_TRUE(store_late.append(std::vector{stray, guest}));
  late = world.fleet_of(2, store_late);
  EXPECT_FALSE(late->log().holds(stray->id));
  give(*early, {guest});
  EXPECT_EQ(early->log().vector(), late->log().vector());
}

// Whoever wrote a record to join what no record can be put after would do so for ever.
TEST_F(EntitledTest, RV08_HeadsThatNobodyMayNameAreNotJoined) {
  const Grant to_an_equal{peer_of(key_of(2)), Role::admin, "two", {}, {}};
  Record record;
  record.fleet = world.id;
  record.kind = RecordKind::grant;
  record.author = peer_of(key_of(3));
  record.incarnation = 5;
  record.seq = 1;
  record.grant = grant_of(3);
  record.hlc = world.now();
  record.body = to_an_equal.to_body();
  const RecordPtr granted = must(sign_record(record, key_of(3)));
  std::vector<RecordPtr> strays{granted};
  for (std::uint64_t i = 0; i < 20; ++i) {
    Record stray = say(2, granted->id, nullptr, 1)->record;
    stray.incarnation = 100 + i;
    strays.push_back(must(sign_record(stray, key_of(2))));
  }
  EXPECT_EQ(give(*early, strays).added, strays.size());
  world.write(*early, {"settings", "a"}, 1);
  HistoryPolicy policy;
  policy.heads = 8;
  ASSERT_GT(early->log().heads().size(), policy.heads);
  EXPECT_EQ(history_duty(*early, policy), HistoryDuty::nothing);
}

TEST_F(EntitledTest, RV22_AKindThatIsNotKnownUnderAnothersGrantStopsNobody) {
  Record record = say(2, grant_of(3), nullptr, 1)->record;
  record.kind = static_cast<RecordKind>(4000);
  EXPECT_EQ(give(*early, {must(sign_record(record, key_of(2)))}).refused.size(), 1U);
  record.grant.bytes.fill(5);
  EXPECT_EQ(give(*early, {must(sign_record(record, key_of(2)))}).waiting, 1U);
  EXPECT_TRUE(early->may_author(RecordKind::change));
}

}  // namespace
}  // namespace starling
