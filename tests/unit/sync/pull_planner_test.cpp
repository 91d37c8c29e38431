#include "starling/sync/pull_planner.hpp"

#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::key_of;
using testing::peer_of;

ChainId chain(std::uint64_t number) { return {peer_of(key_of(50)), number}; }

VersionVector vector_of(std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> entries) {
  VersionVector vector;
  for (const auto& [number, seq] : entries) vector[chain(number)].seq = seq;
  return vector;
}

class Planner : public ::testing::Test {
 protected:
  void hear(const PeerId& peer, const VersionVector& theirs) { planner.heard(peer, theirs, ours, now); }
  [[nodiscard]] std::vector<PullPlanner::Ask> plan() const { return planner.plan(ours, now); }
  // Asks as planned; all answer in order, and what they brought is in `ours` by then.
  void run_round(const VersionVector& after, bool cut = false) {
    PullPlanner::Round round{.asks = plan(), .begun = now, .cut = cut};
    now += seconds(1);
    for (const PullPlanner::Ask& ask : round.asks) planner.ended(ask.peer, true, now);
    ours = after;
    planner.settle(round, ours, now);
  }
  [[nodiscard]] std::vector<Unfetchable> unfetchable() const {
    return planner.unfetchable(ours, now, seconds(90));
  }

  PullPlanner planner;
  VersionVector ours;
  Instant now{minutes(1)};
  const PeerId a = peer_of(key_of(1));
  const PeerId b = peer_of(key_of(2));
  const PeerId c = peer_of(key_of(3));
};

TEST_F(Planner, AsksNobodyWhileNothingIsMissing) {
  EXPECT_TRUE(plan().empty());
  ours = vector_of({{1, 5}});
  hear(a, vector_of({{1, 5}}));
  hear(b, vector_of({{1, 3}}));
  EXPECT_TRUE(plan().empty());
  EXPECT_FALSE(planner.next_change(now));
}

TEST_F(Planner, AsksTheOneWhoHasMostByOurVector) {
  hear(a, vector_of({{1, 5}}));
  hear(b, vector_of({{1, 5}, {2, 9}}));
  const auto asks = plan();
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_EQ(asks[0].peer, b);
  EXPECT_TRUE(asks[0].ranges.empty());
  run_round(vector_of({{1, 5}, {2, 9}}));
  EXPECT_TRUE(plan().empty());
}

TEST_F(Planner, SharesWhatSeveralHaveInCommon) {
  ours = vector_of({{1, 1000}});
  hear(a, vector_of({{1, 50'000}, {2, 7}}));
  hear(b, vector_of({{1, 49'000}, {2, 9}}));
  hear(c, vector_of({{1, 1200}}));  // too little of it
  const auto asks = plan();
  ASSERT_EQ(asks.size(), 2U);
  EXPECT_NE(asks[0].peer, asks[1].peer);
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_EQ(asks[i].ranges, std::vector<ChainRange>({{chain(1), 1001, 49'000}, {chain(2), 1, 7}}));
    EXPECT_EQ(asks[i].stripe, (Stripe{i, 2}));
  }
}

TEST_F(Planner, WhatIsSoonBroughtIsNotShared) {
  hear(a, vector_of({{1, PullPlanner::shared_from - 1}}));
  hear(b, vector_of({{1, PullPlanner::shared_from - 1}}));
  EXPECT_EQ(plan().size(), 1U);
}

TEST_F(Planner, AnAnswerCutAtItsLimitIsFollowedByTheNext) {
  hear(a, vector_of({{1, 50'000}}));
  run_round(vector_of({{1, 16'384}}), true);
  ASSERT_EQ(plan().size(), 1U);
  EXPECT_EQ(planner.strikes(a), 0U);
}

TEST_F(Planner, APeerThatFailsLosesItsTurnToAnother) {
  hear(a, vector_of({{1, 9}}));
  hear(b, vector_of({{1, 9}}));
  const PeerId first = plan().at(0).peer;
  planner.ended(first, false, now);
  EXPECT_EQ(planner.strikes(first), 1U);
  EXPECT_NE(plan().at(0).peer, first);
  planner.gone(a);
  planner.gone(b);
  EXPECT_TRUE(plan().empty());
}

TEST_F(Planner, APeerThatKeepsFailingIsAskedMoreAndMoreRarely) {
  hear(a, vector_of({{1, 9}}));
  Duration last{};
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(plan().size(), 1U);
    planner.ended(a, false, now);
    ASSERT_TRUE(plan().empty());
    const Instant next = planner.next_change(now).value();
    EXPECT_GE(next - now, last);
    EXPECT_LE(next - now, PullPlanner::longest_pause);
    last = next - now;
    now = next;
  }
}

TEST_F(Planner, RV13_WhatAPeerWithholdsIsAskedOfAnother) {
  hear(a, vector_of({{1, 9}, {2, 20}}));
  hear(b, vector_of({{1, 9}}));
  ASSERT_EQ(plan().at(0).peer, a);
  run_round(vector_of({{2, 20}}));  // `a` brought one chain and left out the other
  EXPECT_EQ(planner.strikes(a), 1U);
  ASSERT_EQ(plan().size(), 1U);
  EXPECT_EQ(plan().at(0).peer, b);
  run_round(vector_of({{1, 9}, {2, 20}}));
  EXPECT_TRUE(plan().empty());
  EXPECT_TRUE(unfetchable().empty());
}

TEST_F(Planner, RV13_AnEntryThatNobodyCanServeIsUnfetchableAfterItsTime) {
  hear(a, vector_of({{1, 1'000'000}}));
  EXPECT_TRUE(unfetchable().empty());
  int asked = 0;
  const Instant begun = now;
  while (now - begun < minutes(30)) {
    if (!plan().empty()) {
      ++asked;
      run_round({});
    }
    if (now - begun < seconds(90)) EXPECT_TRUE(unfetchable().empty());
    hear(a, vector_of({{1, 1'000'000}}));  // it says so again and again
    now += seconds(5);
  }
  EXPECT_LE(asked, 10);  // and isn't asked each time
  ASSERT_EQ(unfetchable().size(), 1U);
  EXPECT_EQ(unfetchable()[0].named_by, a);
  EXPECT_EQ(unfetchable()[0].seq, 1'000'000U);
  hear(a, {});
  EXPECT_TRUE(unfetchable().empty());
}

TEST_F(Planner, ALieThatGrowsIsNoFreshStart) {
  for (std::uint64_t seq = 10; seq < 60; ++seq) {
    hear(a, vector_of({{1, seq}}));
    if (!plan().empty()) run_round({});
    now += seconds(5);
  }
  EXPECT_EQ(unfetchable().size(), 1U);
}

TEST_F(Planner, WhatOurRulesRefuseIsNotCalledUnfetchable) {
  hear(a, vector_of({{1, 9}}));
  PullPlanner::Round round{.asks = plan(), .begun = now, .cut = false, .refused = {chain(1)}};
  now += seconds(1);
  planner.settle(round, ours, now);
  EXPECT_TRUE(plan().empty());
  EXPECT_EQ(planner.strikes(a), 0U);
  now += minutes(5);
  EXPECT_TRUE(unfetchable().empty());
}

TEST_F(Planner, WhatWasHeardDuringTheRoundIsNotItsFault) {
  hear(a, vector_of({{1, 9}}));
  PullPlanner::Round round{.asks = plan(), .begun = now};
  now += seconds(1);
  hear(a, vector_of({{1, 12}}));
  ours = vector_of({{1, 9}});
  planner.settle(round, ours, now);
  EXPECT_EQ(planner.strikes(a), 0U);
  EXPECT_EQ(plan().size(), 1U);
}

TEST_F(Planner, SharesThatDoNotFitAreFollowedByOnePeerAtATime) {
  hear(a, vector_of({{1, 50'000}}));
  hear(b, vector_of({{1, 50'000}}));
  ASSERT_EQ(plan().size(), 2U);
  planner.distrust_shares(now);
  EXPECT_EQ(plan().size(), 1U);
  now += PullPlanner::withheld_pause;
  EXPECT_EQ(plan().size(), 2U);
}

TEST_F(Planner, AStruckPeerTakesNoPartInShares) {
  hear(a, vector_of({{1, 50'000}}));
  hear(b, vector_of({{1, 50'000}}));
  hear(c, vector_of({{1, 50'000}}));
  planner.ended(a, false, now);
  now += seconds(2);  // it may be asked again
  const auto asks = plan();
  ASSERT_EQ(asks.size(), 2U);
  for (const PullPlanner::Ask& ask : asks) EXPECT_NE(ask.peer, a);
}

TEST_F(Planner, KnowsWhetherOthersCouldBeAsked) {
  hear(a, vector_of({{1, 9}}));
  EXPECT_FALSE(planner.has_alternative(a, ours, now));
  hear(b, vector_of({{1, 4}}));
  EXPECT_TRUE(planner.has_alternative(a, ours, now));
}

TEST_F(Planner, TheProofOfAForkIsAskedForWhole) {
  ours = vector_of({{1, 9}});
  VersionVector theirs = vector_of({{1, 4}});
  theirs[chain(1)].fork = ForkPoint{5, {}, {}};
  hear(a, theirs);
  ASSERT_EQ(plan().size(), 1U);
  EXPECT_TRUE(plan()[0].ranges.empty());
  planner.ended(a, true, now);
  EXPECT_TRUE(plan().empty());
}

TEST_F(Planner, ClaimsOfAPeerAreBounded) {
  VersionVector theirs;
  for (std::uint64_t i = 0; i < 5000; ++i) theirs[chain(i)].seq = UINT64_MAX;
  hear(a, theirs);
  hear(b, theirs);
  const auto asks = plan();
  ASSERT_EQ(asks.size(), 1U);  // what they have in common is not known whole, so it isn't shared
  EXPECT_TRUE(asks[0].ranges.empty());
  run_round({});
  now += minutes(2);
  EXPECT_LE(unfetchable().size(), PullPlanner::max_claims);
  EXPECT_EQ(planner.peers(), 2U);
}

}  // namespace
}  // namespace starling
