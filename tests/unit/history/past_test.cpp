#include "starling/history/past.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::key_of;
using testing::must;
using testing::set_change;

const Path place{"settings", "a"};

// Of so many changes, one after the other, of which each sets the same place to its number.
struct LongHistory {
  explicit LongHistory(int count) {
    for (int i = 0; i < count; ++i) write();
  }
  void write() {
    const RecordPtr record = fleet.write(author, RecordKind::change, grant,
                                         set_change(place, static_cast<int>(changes.size())).to_body());
    changes.push_back(record);
    merge.add({record->id, record->record.hlc, must(Change::from_body(record->record.body))});
  }
  [[nodiscard]] static std::int64_t value(const json::value& tree) {
    return find(tree, path_in_tree(base_scope, place))->as_int64();
  }

  FoundedFleet fleet;
  const RecordId grant = fleet.grant(key_of(1), Role::operator_, "one")->id;
  Author author{key_of(1), 1};
  Merge merge{[this](const RecordId& earlier, const RecordId& later) {
    return fleet.log.happened_before(earlier, later);
  }};
  std::vector<RecordPtr> changes;
};

std::size_t slices_of(PastFold& fold, std::size_t changes) {
  std::size_t slices = 1;
  while (!must(fold.advance(changes))) ++slices;
  return slices;
}

TEST(PastFold, ASliceIsOfSoManyChanges) {
  LongHistory history(40);
  PastFold fold(history.fleet.log, present_stretch(history.fleet.log, history.merge),
                std::vector{history.changes[29]->id});
  // Each of the forty is looked at; the thirty that were known take three steps more.
  EXPECT_EQ(slices_of(fold, 5), 8U + 3 * 6U);
  EXPECT_EQ(fold.merge().size(), 30U);
  EXPECT_EQ(LongHistory::value(fold.merge().result().document), 29);
}

TEST(PastFold, OfTheOldestChangesTheNewestAreTheHeads) {
  LongHistory history(10);
  PastFold fold(history.fleet.log, present_stretch(history.fleet.log, history.merge), std::size_t{4});
  (void)slices_of(fold, 1);
  EXPECT_EQ(LongHistory::value(fold.merge().result().document), 3);
  EXPECT_EQ(fold.heads(), std::vector{history.changes[3]->id});
}

TEST(PastFold, WhatComesAndGoesMeanwhileMakesNoDifference) {
  LongHistory history(10);
  PastFold fold(history.fleet.log, present_stretch(history.fleet.log, history.merge),
                std::vector{history.changes[7]->id});
  for (int i = 0; i < 12; ++i) {
    EXPECT_FALSE(must(fold.advance(1)));
    history.write();
    history.merge.remove(history.changes[static_cast<std::size_t>(i)]->id);
    (void)history.merge.result();
  }
  (void)slices_of(fold, 1);
  EXPECT_EQ(fold.merge().size(), 8U);
  EXPECT_EQ(LongHistory::value(fold.merge().result().document), 7);
}

TEST(PastFold, WhatIsForgottenMeanwhileEndsIt) {
  LongHistory history(10);
  PastFold fold(history.fleet.log, present_stretch(history.fleet.log, history.merge),
                std::vector{history.changes[7]->id});
  EXPECT_FALSE(must(fold.advance(1)));
  (void)history.fleet.log.set_base({history.fleet.log.vector(), {}});
  history.fleet.log.drop({history.changes[0]->id});
  EXPECT_EQ(fold.advance(1).error().code, Errc::busy);
}

struct Looking : LongHistory {
  Looking() : LongHistory(40) {}
  libp2p::VirtualRuntime runtime;
  RevisionLog revisions;
  Past past{runtime.env(), fleet.log, merge, revisions, {.slice = 5, .asked = 2}};
};

struct Others {
  Task<> run(Env env) {
    for (; !stopped; ++turns) co_await libp2p::yield_now(env);
  }
  bool stopped = false;
  std::size_t turns = 0;
};

Task<> look(Past& past, Point point, std::vector<Result<PastState>>& answers) {
  answers.push_back(co_await past.at(std::move(point)));
}

Task<std::size_t> turns_beside(Env env, Past& past, Point point) {
  libp2p::TaskGroup tasks(env);
  Others others;
  tasks.spawn("others", others.run(env));
  const auto state = co_await past.at(std::move(point));
  EXPECT_TRUE(state);
  others.stopped = true;
  co_await tasks.join();
  co_return others.turns;
}

TEST(Past, OthersHaveTheirTurnAfterEachSlice) {
  Looking looking;
  const std::size_t slices = 8 + 3 * 8;
  const std::size_t turns =
      looking.runtime.run(turns_beside(looking.runtime.env(), looking.past, BeforeNewest{1}));
  EXPECT_GE(turns, slices - 1);
  // And of what stands now nothing is folded.
  EXPECT_LE(looking.runtime.run(turns_beside(looking.runtime.env(), looking.past, BeforeNewest{0})), 1U);
}

TEST(Past, OneIsWorkedOutAtATimeAndMoreThanSomeAreTurnedAway) {
  Looking looking;
  libp2p::TaskGroup tasks(looking.runtime.env());
  std::vector<Result<PastState>> answers;
  for (std::size_t back = 1; back <= 3; ++back)
    tasks.spawn("look", look(looking.past, BeforeNewest{back}, answers));
  looking.runtime.run(tasks.join());
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].error().code, Errc::busy) << "at once";
  EXPECT_EQ(LongHistory::value(must(std::move(answers[1])).tree), 38);
  EXPECT_EQ(LongHistory::value(must(std::move(answers[2])).tree), 37);
  // There is room again.
  EXPECT_TRUE(looking.runtime.run(looking.past.at(BeforeNewest{3})));
}

TEST(Past, WhoIsCancelledMakesRoom) {
  Looking looking;
  std::vector<Result<PastState>> answers;
  libp2p::TaskGroup tasks(looking.runtime.env());
  for (int i = 0; i < 2; ++i) tasks.spawn("look", look(looking.past, BeforeNewest{1}, answers));
  tasks.cancel();
  looking.runtime.run(tasks.join());
  EXPECT_TRUE(answers.empty());
  EXPECT_TRUE(looking.runtime.run(looking.past.at(BeforeNewest{1})));
}

TEST(Past, WhoMadeWhatStandsIsWorkedOutInSlices) {
  Looking looking;
  EXPECT_TRUE(looking.runtime.run(looking.past.prepare_provenance()));
  EXPECT_TRUE(looking.merge.advance_provenance(1)) << "nothing is left to do";
  EXPECT_EQ(looking.merge.provenance().at(path_in_tree(base_scope, place)).change, looking.changes[39]->id);
}

}  // namespace
}  // namespace starling
