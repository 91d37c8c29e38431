
#include "tests/unit/fleet/fleet_world.hpp"

namespace starling {
namespace {

using testing::FleetWorld;
using testing::key_of;
using testing::must;
using testing::peer_of;
using testing::set_change;

TEST(Fleet, M10_HasNoRevisionBeforeTheFirstChange) {
  FleetWorld world;
  MemoryStore store;
  const auto fleet = world.fleet_of(1, store);
  EXPECT_EQ(fleet->revision(), std::nullopt);
  world.write(*fleet, {"settings", "http", "max_body_size"}, 1000);
  EXPECT_TRUE(fleet->revision());
  world.runtime.run(fleet->stop());
}

TEST(Fleet, L6_WhatIsAcknowledgedIsThereAfterARestart) {
  FleetWorld world;
  MemoryStore store;
  RecordId change;
  std::optional<RevisionId> revision;
  {
    const auto fleet = world.fleet_of(1, store);
    change = world.write(*fleet, {"settings", "a"}, 1)->id;
    revision = fleet->revision();
    world.runtime.run(fleet->stop());
  }
  const auto again = world.fleet_of(1, store);
  EXPECT_TRUE(again->log().holds(change));
  EXPECT_EQ(again->revision(), revision);
  EXPECT_EQ(again->status_of(change).state, ChangeState::applied);
}

TEST(Fleet, L6_NothingIsAcknowledgedOnceTheDiskHasFailed) {
  FleetWorld world;
  MemoryStore store;
  const auto fleet = world.fleet_of(1, store);
  store.fail_appends(Error{Errc::io, "no space left"});
  const Bytes body = set_change({"settings", "a"}, 1).to_body();
  EXPECT_FALSE(world.runtime.run(fleet->author(RecordKind::change, body)));
  store.fail_appends(std::nullopt);
  EXPECT_FALSE(world.runtime.run(fleet->author(RecordKind::change, body)));
  world.runtime.run(fleet->stop());
}

TEST(Fleet, SeveralAreAuthoredInOrderAndAllOrNone) {
  FleetWorld world;
  MemoryStore store;
  const auto fleet = world.fleet_of(1, store);
  const std::vector<Fleet::Draft> drafts{{set_change({"settings", "a"}, 1).to_body(), std::nullopt},
                                         {set_change({"settings", "a"}, 2).to_body(), std::nullopt}};
  const std::vector<RecordPtr> records =
      must(world.runtime.run(fleet->author_all(RecordKind::change, drafts)));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1]->record.prev, records[0]->id);
  EXPECT_EQ(find(fleet->document(), {"settings", "a"})->as_int64(), 2);
  // One that may not fit is found before any is signed: the next one goes on where the last one was.
  const auto refused = world.runtime.run(fleet->author_all(
      RecordKind::change, {drafts[0], Fleet::Draft{Bytes(max_record_bytes / 2 + 1), std::nullopt}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::limit);
  EXPECT_EQ(world.write(*fleet, {"settings", "b"}, 1)->record.seq, 3U);
  world.runtime.run(fleet->stop());
}

TEST(Fleet, M3_NothingIsPutAfterWhatIsNotHere) {
  FleetWorld world;
  MemoryStore store;
  const auto fleet = world.fleet_of(1, store);
  RecordId dropped;
  dropped.bytes.fill(7);
  const Bytes body = set_change({"settings", "a"}, 1).to_body();
  const auto refused = world.runtime.run(fleet->author_all(
      RecordKind::change, {Fleet::Draft{body, std::nullopt}, Fleet::Draft{body, std::vector{dropped}}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_found);
  EXPECT_NE(refused.error().message.find(to_cid(dropped)), std::string::npos);
  // None of them was signed.
  EXPECT_EQ(world.write(*fleet, {"settings", "a"}, 1)->record.seq, 1U);
  world.runtime.run(fleet->stop());
}

TEST(Fleet, ChangesOfTwoNodesMeetInOneRevision) {
  FleetWorld world;
  MemoryStore store_one;
  MemoryStore store_two;
  const auto one = world.fleet_of(1, store_one);
  const auto two = world.fleet_of(2, store_two);
  const RecordPtr a = world.write(*one, {"settings", "a"}, 1);
  const RecordPtr b = world.write(*two, {"settings", "b"}, 2);
  EXPECT_TRUE(world.runtime.run(one->accept({b})));
  EXPECT_TRUE(world.runtime.run(two->accept({a})));
  EXPECT_EQ(one->revision(), two->revision());
  EXPECT_EQ(one->log().vector(), two->log().vector());
  world.runtime.run(one->stop());
  world.runtime.run(two->stop());
}

TEST(Fleet, RV02_ARecordThatTheCharterDeniesIsRefusedAndNamed) {
  FleetWorld world;
  MemoryStore store;
  const auto fleet = world.fleet_of(1, store);
  // Node 2's grant, used by a stranger.
  Author stranger(key_of(50), 9);
  const RecordPtr forged =
      must(stranger.write(fleet->authoring_context(), RecordKind::change, world.records[2]->id,
                          set_change({"settings", "a"}, 1).to_body()));
  const Fleet::Accepted accepted = must(world.runtime.run(fleet->accept({forged})));
  EXPECT_EQ(accepted.added, 0U);
  ASSERT_EQ(accepted.refused.size(), 1U);
  EXPECT_FALSE(fleet->log().holds(forged->id));
  world.runtime.run(fleet->stop());
}

TEST(Fleet, L4_AChangeWhoseGrantIsUnknownWaitsUntilItComes) {
  FleetWorld world;
  MemoryStore store;
  const auto fleet = world.fleet_of(1, store);
  // A grant that this node has not heard of yet, and a change under it.
  Changelog elsewhere(world.id);
  for (const RecordPtr& record : world.records)
    EXPECT_EQ(elsewhere.ingest(record).outcome, Changelog::Outcome::added);
  const libp2p::WallTime now = world.runtime.env().clock.wall();
  Author root(key_of(200), 77);
  const RecordPtr grant =
      must(root.write({world.id, elsewhere, now, Hlc{UINT64_MAX}}, RecordKind::grant, world.id,
                      Grant{peer_of(key_of(3)), Role::operator_, "three", {}, {}}.to_body()));
  Author three(key_of(3), 5);
  const RecordPtr change = must(three.write({world.id, elsewhere, now, Hlc{UINT64_MAX}}, RecordKind::change,
                                            grant->id, set_change({"settings", "c"}, 3).to_body()));
  EXPECT_TRUE(world.runtime.run(fleet->accept({change})));
  EXPECT_EQ(fleet->status_of(change->id).state, ChangeState::set_aside);
  EXPECT_EQ(fleet->revision(), std::nullopt);
  EXPECT_TRUE(world.runtime.run(fleet->accept({grant})));
  EXPECT_EQ(fleet->status_of(change->id).state, ChangeState::applied);
  EXPECT_TRUE(fleet->revision());
  world.runtime.run(fleet->stop());
}

// Each is of a key of its own, and rests on as many others as a record can.
TEST(Fleet, RV09_RecordsOfKeysWithoutAnyGrantFillNeitherLogNorDisk) {
  FleetWorld world;
  MemoryStore store;
  auto fleet = world.fleet_of(1, store);
  const std::vector<RecordPtr> begun = fleet->log().records();
  std::uint64_t written = 0;
  const auto stray = [&](std::vector<RecordId> parents) {
    Record record;
    record.fleet = world.id;
    record.kind = RecordKind::change;
    record.author = peer_of(key_of(50));
    record.incarnation = ++written;
    record.seq = 1;
    std::ranges::sort(parents);
    record.hlc = Hlc{world.now().value + (parents.empty() ? 0 : 1)};
    record.parents = std::move(parents);
    record.grant.bytes.fill(9);
    record.body = set_change({"settings", "x"}, static_cast<std::int64_t>(written)).to_body();
    return must(sign_record(record, key_of(50)));
  };
  std::vector<RecordPtr> all;
  for (int i = 0; i < 100; ++i) {
    std::vector<RecordId> ids;
    for (std::size_t p = 0; p < max_parents; ++p) {
      all.push_back(stray({}));
      ids.push_back(all.back()->id);
    }
    all.push_back(stray(ids));
  }
  std::ranges::reverse(all);
  EXPECT_EQ(must(world.runtime.run(fleet->accept(all, peer_of(key_of(2))))).added, 0U);
  EXPECT_EQ(must(world.runtime.run(fleet->accept(all, peer_of(key_of(2))))).added, 0U);
  EXPECT_LE(fleet->log().waiting(), WaitingRoom::max_records);
  EXPECT_EQ(fleet->log().records(), begun);
  EXPECT_EQ(must(store.load()).records.size(), begun.size());
  // Members go on as before.
  EXPECT_EQ(fleet->status_of(world.write(*fleet, {"settings", "a"}, 1)->id).state, ChangeState::applied);
  world.runtime.run(fleet->stop());
}

struct WatchedStore final : MemoryStore {
  std::function<void()> before_append;
  Result<> append(std::span<const RecordPtr> records, const Facts& facts = {}) override {
    if (before_append) before_append();
    return MemoryStore::append(records, facts);
  }
};

TEST(Fleet, L6_WhatIsNotOnDiskYetIsNoHeadToSpeakOf) {
  FleetWorld world;
  WatchedStore store;
  const auto fleet = world.fleet_of(1, store);
  const RecordPtr first = world.write(*fleet, {"settings", "a"}, 1);
  std::vector<RecordId> spoken_of;
  store.before_append = [&] {
    EXPECT_NE(*fleet->log().heads().begin(), first->id);
    spoken_of = fleet->stored_heads();
  };
  const RecordPtr second = world.write(*fleet, {"settings", "a"}, 2);
  EXPECT_EQ(spoken_of, std::vector{first->id});
  EXPECT_EQ(fleet->stored_heads(), std::vector{second->id});
  world.runtime.run(fleet->stop());
}

TEST(Fleet, RV03_AChangeFromTheFutureIsHeldAndNobodysParent) {
  FleetWorld world;
  MemoryStore store_one;
  MemoryStore store_two;
  const auto one = world.fleet_of(1, store_one);
  const auto two = world.fleet_of(2, store_two, std::chrono::hours(1));
  const RecordPtr early = world.write(*two, {"settings", "future"}, 1);
  EXPECT_TRUE(world.runtime.run(one->accept({early})));
  EXPECT_EQ(one->status_of(early->id).state, ChangeState::held);
  const RecordPtr own = world.write(*one, {"settings", "own"}, 1);
  EXPECT_FALSE(std::ranges::binary_search(own->record.parents, early->id));
  EXPECT_LT(own->record.hlc, early->record.hlc);
  world.runtime.run_for(std::chrono::minutes(56));
  one->tick();
  EXPECT_EQ(one->status_of(early->id).state, ChangeState::applied);
  world.runtime.run(one->stop());
  world.runtime.run(two->stop());
}

TEST(Fleet, L7_ANodeFarAheadOfTheFleetRefusesToWriteAndSaysByHowMuch) {
  FleetWorld world;
  MemoryStore store;
  const auto fleet = world.fleet_of(1, store, std::chrono::hours(1));
  fleet->set_clock_offset(-std::chrono::hours(1));
  const auto refused = fleet->may_author(RecordKind::change);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("3600 s ahead"), std::string::npos);
}

TEST(Fleet, GroupCommitServesAllWhoWait) {
  FleetWorld world;
  MemoryStore store;
  const auto fleet = world.fleet_of(1, store);
  libp2p::TaskGroup tasks(world.runtime.env());
  int done = 0;
  const auto write_one = [](Fleet& target, int number, int& count) -> Task<> {
    const auto written = co_await target.author(
        RecordKind::change, set_change({"settings", std::to_string(number)}, 1).to_body());
    if (written) ++count;
  };
  for (int i = 0; i < 100; ++i) tasks.spawn("writer", write_one(*fleet, i, done));
  world.runtime.run(tasks.join());
  EXPECT_EQ(done, 100);
  EXPECT_EQ(fleet->merged().fates.size(), 100U);
  world.runtime.run(fleet->stop());
}

TEST(Fleet, RemembersSmallThingsOverARestart) {
  FleetWorld world;
  MemoryStore store;
  {
    const auto fleet = world.fleet_of(1, store);
    EXPECT_TRUE(world.runtime.run(fleet->remember("last_good", "x")));
    world.runtime.run(fleet->stop());
  }
  EXPECT_EQ(world.fleet_of(1, store)->facts().at("last_good"), "x");
}

}  // namespace
}  // namespace starling
