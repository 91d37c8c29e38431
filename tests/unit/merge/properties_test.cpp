// What must hold for any history (M1, M6, M7; TESTING I2, I3): each property over many seeds.
#include <gtest/gtest.h>

#include "starling/merge/merge.hpp"
#include "starling/merge/tree.hpp"
#include "tests/unit/merge/history.hpp"
#include "tests/unit/merge/slow_fold.hpp"

namespace starling::test {
namespace {

// From sleepy fleets in which everybody hears of everything to long partitions, honest and less so.
HistoryShape shape_of(std::uint64_t seed) {
  constexpr double hears[] = {0.05, 0.3, 0.7, 1.0};
  constexpr double hostile[] = {0.0, 0.0, 0.15, 0.5};
  return {.nodes = 2 + seed % 4,
          .changes = 15 + seed % 30,
          .hears = hears[seed / 4 % 4],
          .hostile = hostile[seed % 3 == 0 ? 2 + seed % 2 : 0]};
}

// Few steps of undo and snapshots far apart, so that every way back is gone.
MergeLimits tight(libp2p::Random& random) {
  return {.undo_changes = random.below(6),
          .undo_bytes = random.below(3) == 0 ? 2000U : 1U << 20,
          .snapshot_every = 1 + random.below(8),
          .snapshot_bytes = random.below(3) == 0 ? 3000U : 1U << 20,
          .remembered_changes = random.below(6)};
}

// As on a healthy network: in order but for some that come late, a few of them very late.
std::vector<MergeInput> nearly_in_order(const History& history, libp2p::Random& random) {
  std::vector<std::pair<std::uint64_t, MergeInput>> arrivals;
  for (std::size_t i = 0; i < history.changes.size(); ++i) {
    const std::uint64_t delay = random.below(4) == 0 ? random.below(random.below(8) == 0 ? 40 : 6) : 0;
    arrivals.emplace_back(i + delay, history.changes[i]);
  }
  std::ranges::sort(arrivals, {},
                    [](const auto& arrival) { return std::pair(arrival.first, arrival.second.id); });
  std::vector<MergeInput> in_turn;
  for (auto& [turn, change] : arrivals) in_turn.push_back(std::move(change));
  return in_turn;
}

std::vector<MergeInput> values(const std::map<RecordId, MergeInput>& changes) {
  std::vector<MergeInput> all;
  for (const auto& [id, change] : changes) all.push_back(change);
  return all;
}

const Change& change_of(const History& history, const RecordId& id) {
  return std::ranges::find(history.changes, id, &MergeInput::id)->change;
}

// The paths that a change which was applied as a whole removed and did not set again itself.
std::vector<Path> removed_by(const History& history, const ChangeFate& fate) {
  std::vector<Path> removed;
  if (fate.state != ChangeFate::State::applied) return removed;
  for (const Edit& edit : change_of(history, fate.id).edits) {
    std::erase_if(removed, [&](const Path& path) { return overlaps(path, edit.path); });
    if (edit.op == EditOp::remove) removed.push_back(edit.path);
  }
  return removed;
}

bool set_after(const History& history, const MergeResult& result, std::size_t position, const Path& path) {
  for (std::size_t i = position + 1; i < result.fates.size(); ++i) {
    if (result.fates[i].state == ChangeFate::State::skipped) continue;
    for (const Edit& edit : change_of(history, result.fates[i].id).edits) {
      // Removing everything brings back what an unset document has.
      if (overlaps(edit.path, path) && (edit.op != EditOp::remove || edit.path.empty())) return true;
    }
  }
  // A root removal itself leaves the unset document.
  return path.empty();
}

class ForEverySeed : public testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr std::uint64_t seeds_each = 12;

  template <class Check>
  void for_seeds(Check check) const {
    for (std::uint64_t seed = GetParam() * seeds_each; seed < (GetParam() + 1) * seeds_each; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      libp2p::SeededRandom source(seed);
      History history(source, shape_of(seed));
      libp2p::SeededRandom random(seed + 1'000'000);
      check(history, random);
      if (testing::Test::HasFailure()) return;
    }
  }
};

TEST_P(ForEverySeed, FoldFollowsTheRulesToTheLetter) {
  for_seeds([](History& history, libp2p::Random&) {
    expect_same(fold(history.changes, history.happened_before()),
                SlowFold(history.changes, history.happened_before()).run());
  });
}

// I3, M7: in whatever order and batches they come, however often each.
TEST_P(ForEverySeed, NeitherOrderNorBatchesNorRepetitionsMatter) {
  for_seeds([](History& history, libp2p::Random& random) {
    const MergeResult all = fold(history.changes, history.happened_before());
    for (int permutation = 0; permutation < 3; ++permutation) {
      std::vector<MergeInput> arrivals = history.shuffled(random);
      for (int again = 0; again < 5; ++again) arrivals.push_back(arrivals[random.below(arrivals.size())]);
      expect_same(fold(arrivals, history.happened_before()), all);
      Merge merge(history.happened_before(), tight(random));
      for (MergeInput& arrival : arrivals) {
        merge.add(std::move(arrival));
        if (random.below(3) == 0) (void)merge.result();
      }
      expect_same(merge.result(), all);
    }
  });
}

// After every single change, whatever came and went before it.
TEST_P(ForEverySeed, IncrementalEqualsFromScratch) {
  for_seeds([](History& history, libp2p::Random& random) {
    Merge merge(history.happened_before(), tight(random));
    std::map<RecordId, MergeInput> present;
    for (const MergeInput& arrival : nearly_in_order(history, random)) {
      merge.add(arrival);
      present.emplace(arrival.id, arrival);
      if (random.below(4) == 0) {
        const RecordId leaves =
            std::next(present.begin(), static_cast<std::ptrdiff_t>(random.below(present.size())))->first;
        merge.remove(leaves);
        present.erase(leaves);
        if (random.below(2) == 0) {
          merge.add(arrival);
          present.emplace(arrival.id, arrival);
        }
      }
      if (random.below(4) == 0) continue;  // batches
      expect_same(merge.result(), fold(values(present), history.happened_before()));
      if (testing::Test::HasFailure()) return;
    }
  });
}

TEST_P(ForEverySeed, ResetLeavesExactlyWhatIsGiven) {
  for_seeds([](History& history, libp2p::Random& random) {
    Merge merge(history.happened_before(), tight(random));
    for (int i = 0; i < 6; ++i) {
      std::vector<MergeInput> some;
      for (const MergeInput& change : history.shuffled(random)) {
        if (random.below(3) != 0) some.push_back(change);
      }
      merge.reset(some);
      EXPECT_EQ(merge.size(), some.size());
      expect_same(merge.result(), fold(some, history.happened_before()));
    }
  });
}

// I2: whoever knows the same has the same.
TEST_P(ForEverySeed, NodesThatHaveHeardAllAgree) {
  for_seeds([](History& history, libp2p::Random& random) {
    const MergeResult all = fold(history.changes, history.happened_before());
    for (std::size_t i = 0; i < history.nodes(); ++i) {
      for (const MergeInput& change : history.shuffled(random)) history.node(i).add(change);
      expect_same(history.node(i).result(), all);
    }
  });
}

// M6.
TEST_P(ForEverySeed, NoHistoryLeadsToAnInvalidDocument) {
  for_seeds([](History& history, libp2p::Random& random) {
    Merge merge(history.happened_before());
    for (const MergeInput& arrival : history.shuffled(random)) {
      merge.add(arrival);
      const auto invalid = validate_tree(merge.result().document, first_merge_level);
      EXPECT_FALSE(invalid) << to_pointer(invalid->path) << ": " << invalid->detail;
    }
  });
}

// I6: what was removed stays so unless a later change sets it again, or the removal lost, with a conflict
// that says so.
TEST_P(ForEverySeed, WhatIsRemovedReturnsOnlyWithAReason) {
  for_seeds([](History& history, libp2p::Random&) {
    const MergeResult result = fold(history.changes, history.happened_before());
    for (std::size_t i = 0; i < result.fates.size(); ++i) {
      for (const Path& path : removed_by(history, result.fates[i])) {
        if (member_at(result.document, path) == nullptr) continue;
        EXPECT_TRUE(set_after(history, result, i, path))
            << to_pointer(path) << " stands, though " << to_hex(result.fates[i].id) << " removed it";
      }
    }
  });
}

// M8: whoever lost something without knowing has a conflict, or a later change that knew of it settled that.
TEST_P(ForEverySeed, FatesNameWhatChangedAndNothingElse) {
  for_seeds([](History& history, libp2p::Random& random) {
    Merge merge(history.happened_before(), tight(random));
    std::map<RecordId, std::pair<ChangeFate::State, std::string>> told;
    for (const MergeInput& arrival : history.shuffled(random)) {
      merge.add(arrival);
      const std::vector<RecordId> all_changed = ids(merge.take_changed());
      const std::set<RecordId> changed(all_changed.begin(), all_changed.end());
      for (const ChangeFate& fate : merge.result().fates) {
        const auto before = told.find(fate.id);
        const bool same = before != told.end() && before->second == std::pair(fate.state, fate.reason);
        EXPECT_EQ(changed.contains(fate.id), !same);
        told[fate.id] = {fate.state, fate.reason};
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Merge, ForEverySeed, testing::Range<std::uint64_t>(0, 5));

}  // namespace
}  // namespace starling::test
