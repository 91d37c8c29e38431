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

TEST_F(LogBaseTest, L8_WhatGoesOnFromAnotherRecordThanTheCoveredOneIsRefused) {
  Changelog forgetful = pruned(log_of({common, left}), left[1]);
  for (const RecordPtr& record : {right[0], right[1]})
    EXPECT_NE(forgetful.ingest(record).outcome, Outcome::refused);
  EXPECT_EQ(forgetful.ingest(right[2]).outcome, Outcome::refused);
  EXPECT_EQ(forgetful.ingest(left[2]).outcome, Outcome::duplicate);
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

TEST_F(LogBaseTest, RV06_OfWhatIsSettledAlreadyOnlySoMuchIsTaken) {
  Changelog fresh(fleet.id());
  for (const RecordPtr& record : charter) (void)fresh.ingest(record);
  const std::uint64_t many = Changelog::max_late + 10;
  LogBase base;
  base.covered[chain()] = {many, left[0]->id, std::nullopt};
  (void)fresh.set_base(std::move(base));
  std::size_t taken = 0;
  for (std::uint64_t seq = 2; seq <= many; ++seq) {
    Record record = left[1]->record;
    record.seq = seq;
    taken += fresh.ingest(must(sign_record(record, key_of(1)))).outcome == Outcome::added ? 1 : 0;
  }
  EXPECT_EQ(taken, Changelog::max_late);
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
