// What a checkpoint settles in the log (rule L8).
#include "tests/unit/changelog/forked_chain.hpp"

namespace starling {
namespace {

using testing::key_of;
using testing::must;
using testing::noon;
using testing::peer_of;
using testing::set_change;

using Outcome = Changelog::Outcome;

class LogBaseTest : public testing::ForkedChainTest {
 protected:
  static ChainId chain() { return {peer_of(key_of(1)), 5}; }
  static LogBase upto(const RecordPtr& last, std::set<RecordId> kept = {}) {
    return {{{chain(), {last->record.seq, last->id, std::nullopt}}}, std::move(kept)};
  }
  static Changelog pruned(Changelog log, const RecordPtr& last) {
    (void)log.set_base(upto(last));
    std::set<RecordId> ids;
    for (const RecordPtr& record : log.records()) {
      if (log.is_droppable(*record)) ids.insert(record->id);
    }
    log.drop(ids);
    return log;
  }
  const std::vector<RecordPtr> common = branch(nullptr, "common", 2);
  const std::vector<RecordPtr> left = branch(common.back(), "left", 4);
  const std::vector<RecordPtr> right = branch(common.back(), "right", 4);
};

TEST_F(LogBaseTest, L8_WhatIsSettledHasAnEffectOnlyIfItIsKept) {
  Changelog log = log_of({common, left});
  (void)log.set_base(upto(left[1], {common[1]->id}));
  EXPECT_EQ(standings(log, common), "ls");
  EXPECT_EQ(standings(log, left), "llss");
  EXPECT_EQ(log.last_standing(chain()), left[3]);
  // A checkpoint itself is asked as if nothing were settled.
  EXPECT_TRUE(log.stands_by_itself(*left[0]));
}

TEST_F(LogBaseTest, L8_AForkBehindACheckpointIsTheSameForWhoHasForgottenWhatItCovers) {
  Changelog full = log_of({common, left, right});
  (void)full.set_base(upto(left[1]));
  Changelog forgetful = pruned(log_of({common, left}), left[1]);
  EXPECT_FALSE(forgetful.holds(left[0]->id));
  // The proof of the fork comes from whoever has it.
  for (const RecordPtr& record : {right[0], left[0]})
    EXPECT_NE(forgetful.ingest(record).outcome, Outcome::refused);
  EXPECT_EQ(forgetful.vector(), full.vector());
  const auto both = [&](const Protections& said) {
    full.protect(said);
    forgetful.protect(said);
    EXPECT_EQ(standings(full, left), standings(forgetful, left));
    EXPECT_EQ(standings(full, right), standings(forgetful, right));
    return standings(full, left) + " " + standings(full, right);
  };
  EXPECT_EQ(both({}), "llqq llqq");
  EXPECT_EQ(both(ruled(3, left[3]->id)), "llss llvv");
  EXPECT_EQ(both(anchored({left[2]->id})), "llsq llqq");
  // What the checkpoint covers is out of reach, and what goes on elsewhere doesn't stand.
  EXPECT_EQ(both(ruled(3, right[3]->id)), "llvv llvv");
  EXPECT_EQ(both(ruled(3, {})), "llvv llvv");
  EXPECT_EQ(both(anchored({right[3]->id, left[3]->id})), "llss llqq");
  // And the proof is not forgotten.
  EXPECT_FALSE(forgetful.is_droppable(*left[0]));
  EXPECT_FALSE(forgetful.is_droppable(*right[0]));
}

TEST_F(LogBaseTest, L8_WhatGoesOnFromAnotherRecordThanTheCoveredOneIsAForkToo) {
  Changelog forgetful = pruned(log_of({common, left}), left[1]);
  for (const RecordPtr& record : {right[0], right[1]})
    EXPECT_EQ(forgetful.ingest(record).outcome, Outcome::duplicate);
  // What is named is taken after all.
  EXPECT_EQ(forgetful.ingest(right[2]).outcome, Outcome::forked);
  EXPECT_TRUE(forgetful.holds(right[1]->id));
  EXPECT_EQ(standings(forgetful, left), "llqq");
  EXPECT_EQ(standings(forgetful, right), "llqq");
  forgetful.protect(anchored({left[3]->id}));
  EXPECT_EQ(standings(forgetful, left) + " " + standings(forgetful, right), "llss llqq");
}

TEST_F(LogBaseTest, L8_WhatWasThereBeforeAndGoesOnElsewhereCountsForNothing) {
  Changelog away = log_of({common, right});
  (void)away.set_base(upto(left[1]));
  EXPECT_EQ(standings(away, right), "llqq");
  EXPECT_EQ(away.last_standing(chain()), nullptr);
  // After a restart, too, though the base comes first then.
  Changelog again(fleet.id());
  (void)again.set_base(upto(left[1]));
  for (const auto& part : {charter, common, right}) {
    for (const RecordPtr& record : part) EXPECT_NE(again.restore(record).outcome, Outcome::refused);
  }
  EXPECT_EQ(standings(again, right), "llqq");
}

TEST_F(LogBaseTest, L8_TheFirstAfterACheckpointNeedsNothingThatIsForgotten) {
  Changelog fresh(fleet.id());
  for (const RecordPtr& record : charter) (void)fresh.ingest(record);
  EXPECT_EQ(fresh.ingest(left[2]).outcome, Outcome::waiting);
  const Changelog::Ingested released = fresh.set_base(upto(left[1]));
  EXPECT_EQ(released.added, std::vector<RecordPtr>({left[2]}));
  EXPECT_EQ(standings(fresh, {left[2]}), "s");
  EXPECT_EQ(fresh.vector().at(chain()).seq, left[2]->record.seq);
}

TEST_F(LogBaseTest, RV06_WhatIsSettledAlreadyIsNotKeptUnlessItProvesAFork) {
  Changelog forgetful = pruned(log_of({common, left}), left[1]);
  LogBase base = forgetful.base();
  const ChainId other{peer_of(key_of(1)), 6};
  base.covered[other] = {5000, left[0]->id, std::nullopt};
  (void)forgetful.set_base(std::move(base));
  const std::size_t held = forgetful.size();
  Record record = left[1]->record;
  record.incarnation = other.incarnation;
  for (std::uint64_t seq = 2; seq < Changelog::max_halves + 100; ++seq) {
    record.seq = seq;
    EXPECT_EQ(forgetful.ingest(must(sign_record(record, key_of(1)))).outcome, Outcome::duplicate);
  }
  EXPECT_EQ(forgetful.size(), held);
  EXPECT_EQ(forgetful.ingest(right[0]).outcome, Outcome::duplicate);
  EXPECT_EQ(forgetful.ingest(left[0]).outcome, Outcome::forked);
  EXPECT_EQ(forgetful.size(), held + 2);
}

TEST_F(LogBaseTest, L8_WhoKnewWhomDoesNotHangOnWhatIsSettled) {
  // `later` knew `earlier` through a record that is settled, and that not everybody has.
  const RecordPtr earlier = after(nullptr, "earlier", 8);
  Record between = right[0]->record;
  between.parents = {earlier->id};
  between.hlc = Hlc{earlier->record.hlc.value + 100};
  const RecordPtr bridge = must(sign_record(between, key_of(1)));
  Record last = after(nullptr, "later", 9)->record;
  last.parents = {bridge->id};
  last.hlc = Hlc{bridge->record.hlc.value + 1};
  const RecordPtr later = must(sign_record(last, key_of(1)));
  Changelog before = log_of({common, left, {earlier, bridge, later}});
  EXPECT_TRUE(before.happened_before(earlier->id, later->id));
  (void)before.set_base(upto(left[1]));
  Changelog after_it = log_of({common, left});
  (void)after_it.set_base(upto(left[1]));
  for (const RecordPtr& record : {later, bridge, earlier}) (void)after_it.ingest(record);
  for (const Changelog* log : {&before, &after_it}) {
    EXPECT_TRUE(log->holds(later->id));
    EXPECT_FALSE(log->happened_before(earlier->id, later->id));
    EXPECT_TRUE(log->heads().contains(earlier->id));
  }
  EXPECT_EQ(before.heads(), after_it.heads());
}

TEST_F(LogBaseTest, RV09_CharterRecordsWaitInARoomOfTheirOwn) {
  Changelog fresh(fleet.id());
  const PeerId bringer = peer_of(key_of(9));
  Record record = left[2]->record;
  const auto waits = [&] {
    ++record.hlc.value;
    return fresh.ingest(must(sign_record(record, key_of(1))), bringer).outcome;
  };
  for (std::size_t i = 0; i < WaitingRoom::max_records; ++i) ASSERT_EQ(waits(), Outcome::waiting);
  EXPECT_EQ(waits(), Outcome::refused);
  record.kind = RecordKind::grant;
  for (std::size_t i = 0; i < WaitingRoom::max_records; ++i) ASSERT_EQ(waits(), Outcome::waiting);
  EXPECT_EQ(waits(), Outcome::waiting);
  record.kind = RecordKind::checkpoint;
  EXPECT_EQ(waits(), Outcome::waiting);
}

}  // namespace
}  // namespace starling
