#include "starling/changelog/forks.hpp"

#include "starling/changelog/changelog.hpp"
#include "tests/unit/changelog/forked_chain.hpp"

namespace starling {
namespace {

using testing::ForkedChainTest;
using testing::key_of;
using testing::must;
using testing::noon;
using testing::peer_of;
using testing::set_change;

using Outcome = Changelog::Outcome;

TEST_F(ForkedChainTest, RV06_BothBranchesAreKeptWhicheverCameFirstAndCountForNothing) {
  const auto common = branch(nullptr, "common", 2);
  const auto left = branch(common.back(), "left", 3);
  const auto right = branch(common.back(), "right", 3);
  const Changelog one = log_of({common, left, right});
  const Changelog two = log_of({common, right, left});
  EXPECT_EQ(one.vector(), two.vector());
  for (const Changelog* log : {&one, &two}) {
    EXPECT_EQ(log->size(), charter.size() + 8);
    EXPECT_EQ(standings(*log, common), "ss");
    EXPECT_EQ(standings(*log, left), "qqq");
    EXPECT_EQ(standings(*log, right), "qqq");
    EXPECT_TRUE(log->happened_before(common[0]->id, right[2]->id));
    EXPECT_TRUE(log->happened_before(right[0]->id, right[2]->id));
    EXPECT_FALSE(log->happened_before(left[0]->id, right[2]->id));
    // All of it can be served: by name, and by range.
    EXPECT_EQ(log->get(right[2]->id), right[2]);
    EXPECT_EQ(log->range({peer_of(key_of(1)), 5}, 3, 100, 1 << 20).size(), 6U);
  }
}

TEST_F(ForkedChainTest, L3_ARulingLetsOneBranchStandUpToWhatItNamesAndVoidsTheRest) {
  const auto common = branch(nullptr, "common", 2);
  const auto left = branch(common.back(), "left", 3);
  const auto right = branch(common.back(), "right", 3);
  Changelog log = log_of({common, left, right});
  log.protect(ruled(3, right[1]->id));
  EXPECT_EQ(standings(log, common), "ss");
  EXPECT_EQ(standings(log, left), "vvv");
  EXPECT_EQ(standings(log, right), "ssv");
  // What follows later is void whenever it comes.
  const RecordPtr late = after(left.back(), "late");
  EXPECT_EQ(log.ingest(late).outcome, Outcome::added);
  EXPECT_EQ(standings(log, {late}), "v");
}

TEST_F(ForkedChainTest, L3_ARulingMayLetNothingStandAndALowerForkProvenLaterIsNotSettledByIt) {
  const auto common = branch(nullptr, "common", 4);
  const auto left = branch(common.back(), "left", 2);
  const auto right = branch(common.back(), "right", 2);
  Changelog log = log_of({common, left, right});
  log.protect(ruled(5, {}));
  EXPECT_EQ(standings(log, common), "ssss");
  EXPECT_EQ(standings(log, left) + standings(log, right), "vvvv");
  EXPECT_EQ(log.ingest(after(common[0], "lower")).outcome, Outcome::forked);
  EXPECT_EQ(standings(log, common), "sqqq");
  EXPECT_EQ(standings(log, left), "vv");
}

TEST_F(ForkedChainTest, L3_AnAnchorProtectsWhatItCoversFromAForkProvenLater) {
  const auto common = branch(nullptr, "common", 2);
  const auto left = branch(common.back(), "left", 3);
  const auto right = branch(common.back(), "right", 3);
  Changelog log = log_of({common, left, right});
  log.protect(anchored({left[1]->id}));
  EXPECT_EQ(standings(log, left), "ssq");
  EXPECT_EQ(standings(log, right), "qqq");
  // A weightier one of the other branch comes first in the list; of the same branch the further counts.
  log.protect(anchored({right[0]->id, left[1]->id, right[2]->id}));
  EXPECT_EQ(standings(log, left), "qqq");
  EXPECT_EQ(standings(log, right), "sss");
}

TEST_F(ForkedChainTest, L3_ARulingOutweighsAnchorsAndTheFirstOfTwoRulingsCounts) {
  const auto left = branch(nullptr, "left", 2);
  const auto right = branch(nullptr, "right", 2);
  Changelog log = log_of({left, right});
  Protections said = anchored({left[1]->id});
  said.begin()->second.rulings = {{1, right[0]->id}, {1, left[0]->id}};
  log.protect(said);
  EXPECT_EQ(standings(log, left), "vv");
  EXPECT_EQ(standings(log, right), "sv");
}

TEST_F(ForkedChainTest, L3_TheBranchThatARulingNamesIsAskedForByName) {
  const auto common = branch(nullptr, "common", 1);
  const auto left = branch(common.back(), "left", 2);
  const auto right = branch(common.back(), "right", 2);
  Changelog log = log_of({common, left});
  EXPECT_EQ(log.ingest(right[0]).outcome, Outcome::forked);
  log.protect(ruled(2, right[1]->id));
  EXPECT_EQ(log.missing(), std::vector<RecordId>({right[1]->id}));
  EXPECT_EQ(log.ingest(right[1]).outcome, Outcome::added);
  EXPECT_TRUE(log.missing().empty());
  EXPECT_EQ(standings(log, right), "ss");
}

TEST_F(ForkedChainTest, RV06_AnAuthorThatForksWithoutEndFillsNeitherMemoryNorDisk) {
  const auto common = branch(nullptr, "common", 2);
  Changelog log = log_of({common});
  std::size_t kept = 0;
  RecordPtr refused;
  for (int i = 0; i < 100; ++i) {
    const RecordPtr rival = after(common[1], i);
    const auto outcome = log.ingest(rival).outcome;
    if (outcome == Outcome::refused) refused = rival;
    kept += outcome == Outcome::refused ? 0U : 1U;
  }
  EXPECT_EQ(kept, 1 + Changelog::max_branches_of_chain);
  // What proves a lower fork is taken all the same, and so is what a ruling names.
  EXPECT_EQ(log.ingest(after(common[0], "lower")).outcome, Outcome::forked);
  EXPECT_EQ(log.vector().at(common[0]->record.chain()).fork->seq, 2U);
  log.protect(ruled(2, refused->id));
  EXPECT_EQ(log.ingest(refused).outcome, Outcome::forked);
  EXPECT_EQ(standings(log, {common[1], refused}), "ss");
}

TEST_F(ForkedChainTest, RV06_ForksOfManyChainsAreBoundedInAllAndEachIsStillProven) {
  Changelog log = log_of({});
  std::size_t forked = 0;
  RecordPtr before;
  for (std::uint64_t incarnation = 100; incarnation < 130; ++incarnation) {
    const RecordPtr first = after(nullptr, "first", incarnation);
    EXPECT_EQ(log.ingest(first).outcome, Outcome::added);
    for (int i = 0; i < 40; ++i)
      forked += log.ingest(after(first, i, incarnation)).outcome == Outcome::forked ? 1U : 0U;
    EXPECT_TRUE(log.vector().at(first->record.chain()).fork);
  }
  EXPECT_GE(forked, Changelog::max_branches);
  EXPECT_LE(forked, Changelog::max_branches + 30);
}

TEST_F(ForkedChainTest, RV08_AnAuthorHasABoundedNumberOfHeadsUntilTheyAreJoined) {
  Changelog log = log_of({});
  std::vector<RecordPtr> tips;
  for (std::uint64_t incarnation = 100; incarnation < 200; ++incarnation) {
    const RecordPtr tip = after(nullptr, 1, incarnation);
    if (log.ingest(tip).outcome == Outcome::added) tips.push_back(tip);
  }
  EXPECT_EQ(tips.size(), Changelog::max_tips_of_author);
  // An incarnation that joins some of them makes room.
  Author author(key_of(1), 7);
  const RecordPtr join = must(author.write({fleet.id(), log, noon, Hlc{UINT64_MAX}}, RecordKind::change,
                                           grant, set_change({"a"}, 1).to_body()));
  EXPECT_EQ(join->record.parents.size(), max_parents);
  EXPECT_EQ(log.ingest(join).outcome, Outcome::added);
  EXPECT_EQ(log.ingest(after(nullptr, 1, 500)).outcome, Outcome::added);
  // What somebody else has built upon is taken in any case.
  std::vector<RecordPtr> more;
  for (std::uint64_t incarnation = 600; more.size() < 20; ++incarnation) {
    RecordPtr tip = after(nullptr, 2, incarnation);
    if (log.ingest(tip).outcome == Outcome::refused) more.push_back(std::move(tip));
  }
  Record child = join->record;
  child.incarnation = 900;
  child.parents = {more[0]->id};
  const RecordPtr built_upon = must(sign_record(child, key_of(1)));
  EXPECT_EQ(log.ingest(built_upon).outcome, Outcome::waiting);
  EXPECT_EQ(log.ingest(more[0]).outcome, Outcome::added);
}

TEST_F(ForkedChainTest, L3_AnAuthorWhoseOwnChainIsForkedGoesOnInAnotherIncarnation) {
  Author author(key_of(1), 5);
  const AuthoringContext context{fleet.id(), fleet.log, noon, Hlc{UINT64_MAX}, 77};
  const RecordPtr own =
      must(author.write(context, RecordKind::change, grant, set_change({"a"}, 1).to_body()));
  EXPECT_EQ(fleet.log.ingest(own).outcome, Outcome::added);
  // The same machine, copied while it ran.
  EXPECT_EQ(fleet.log.ingest(after(nullptr, "copy")).outcome, Outcome::forked);
  const RecordPtr next =
      must(author.write(context, RecordKind::change, grant, set_change({"a"}, 2).to_body()));
  EXPECT_EQ(next->record.incarnation, 77U);
  EXPECT_EQ(next->record.seq, 1U);
  EXPECT_FALSE(std::ranges::binary_search(next->record.parents, own->id));
  EXPECT_EQ(fleet.log.ingest(next).outcome, Outcome::added);
  EXPECT_TRUE(fleet.log.stands(*next));
}

}  // namespace
}  // namespace starling
