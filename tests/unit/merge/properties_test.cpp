// What must hold for any history (M1, M6, M7; TESTING I2, I3): each property over many seeds.
#include <gtest/gtest.h>

#include "starling/merge/merge.hpp"
#include "starling/merge/tree.hpp"
#include "tests/unit/merge/history.hpp"
#include "tests/unit/merge/slow_fold.hpp"

namespace starling::test {
namespace {

// From sleepy fleets in which everybody hears of everything to long partitions, honest and less so; a third
// of them with configuration in the base alone.
HistoryShape shape_of(std::uint64_t seed) {
  constexpr double hears[] = {0.05, 0.3, 0.7, 1.0};
  constexpr double hostile[] = {0.0, 0.0, 0.15, 0.5};
  constexpr double layered[] = {0.0, 0.3, 0.6};
  return {.nodes = 2 + seed % 4,
          .changes = 15 + seed % 30,
          .hears = hears[seed / 4 % 4],
          .hostile = hostile[seed % 3 == 0 ? 2 + seed % 2 : 0],
          .layered = layered[seed / 2 % 3]};
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

MergeResult folded(const History& history, const Drawn& drawn) {
  const std::unique_ptr<Merge> merge = merge_of(history, drawn.setting);
  merge->reset(drawn.changes);
  return std::move(*merge).take();
}

std::vector<Edit> edits_of(const History& history, const RecordId& id) {
  std::vector<Edit> edits = std::ranges::find(history.changes, id, &MergeInput::id)->change.edits;
  for (Edit& edit : edits) edit.path = path_in_tree(edit.scope, edit.path);
  return edits;
}

// The paths that a change which had its turn removed and did not set again itself.
std::vector<Path> removed_by(const History& history, const ChangeFate& fate) {
  std::vector<Path> removed;
  if (fate.state == ChangeFate::State::skipped) return removed;
  for (const Edit& edit : edits_of(history, fate.id)) {
    std::erase_if(removed, [&](const Path& path) { return overlaps(path, edit.path); });
    if (edit.op == EditOp::remove) removed.push_back(edit.path);
  }
  return removed;
}

bool set_after(const History& history, const MergeResult& result, std::size_t position, const Path& path) {
  const Path base{std::string(base_scope)};
  for (std::size_t i = position + 1; i < result.fates.size(); ++i) {
    if (result.fates[i].state == ChangeFate::State::skipped) continue;
    for (const Edit& edit : edits_of(history, result.fates[i].id)) {
      // Removing all of the base brings back what an unset one has.
      if (overlaps(edit.path, path) && (edit.op != EditOp::remove || edit.path == base)) return true;
    }
  }
  // And leaves the unset one itself.
  return path == base;
}

// It lost, and there is the record that says so, or was until a later change settled that by touching the
// place.
bool lost(const History& history, const MergeResult& result, std::size_t position, const Path& path) {
  if (result.fates[position].state == ChangeFate::State::applied) return false;
  const bool recorded = std::ranges::any_of(result.conflicts, [&](const Conflict& conflict) {
    return conflict.loser == result.fates[position].id && path_in_tree(conflict.scope, conflict.path) == path;
  });
  for (std::size_t i = position + 1; i < result.fates.size() && !recorded; ++i) {
    if (result.fates[i].state == ChangeFate::State::skipped) continue;
    for (const Edit& edit : edits_of(history, result.fates[i].id)) {
      if (overlaps(edit.path, path) &&
          history.known_to(result.fates[i].id).contains(result.fates[position].id))
        return true;
    }
  }
  return recorded;
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
  for_seeds([](History& history, libp2p::Random& random) {
    const Drawn drawn = draw(history, random);
    const std::unique_ptr<Merge> merge = merge_of(history, drawn.setting);
    merge->reset(drawn.changes);
    SlowFold slow(drawn.changes, history.happened_before(), drawn.setting);
    expect_same(merge->result(), slow.run());
    EXPECT_EQ(merge->provenance(), slow.provenance());
  });
}

// I3, M7: in whatever order and batches they come, however often each.
TEST_P(ForEverySeed, NeitherOrderNorBatchesNorRepetitionsMatter) {
  for_seeds([](History& history, libp2p::Random& random) {
    const Drawn drawn = draw(history, random);
    if (drawn.changes.empty()) return;
    const std::unique_ptr<Merge> all = merge_of(history, drawn.setting);
    all->reset(drawn.changes);
    for (int permutation = 0; permutation < 3; ++permutation) {
      std::vector<MergeInput> arrivals = shuffled(drawn.changes, random);
      for (int again = 0; again < 5; ++again) arrivals.push_back(arrivals[random.below(arrivals.size())]);
      const std::unique_ptr<Merge> merge = merge_of(history, drawn.setting, tight(random));
      for (MergeInput& arrival : arrivals) {
        merge->add(std::move(arrival));
        if (random.below(3) == 0) (void)merge->revision();
        if (random.below(9) == 0) (void)merge->provenance();
      }
      expect_same_merges(*merge, *all);
    }
  });
}

// After every single change, whatever came and went before it.
TEST_P(ForEverySeed, IncrementalEqualsFromScratch) {
  for_seeds([](History& history, libp2p::Random& random) {
    const Setting setting{.levels = history.levels, .base = std::nullopt};
    const std::unique_ptr<Merge> merge = merge_of(history, setting, tight(random));
    std::map<RecordId, MergeInput> present;
    for (const MergeInput& arrival : nearly_in_order(history, random)) {
      merge->add(arrival);
      present.emplace(arrival.id, arrival);
      if (random.below(4) == 0) {
        const RecordId leaves =
            std::next(present.begin(), static_cast<std::ptrdiff_t>(random.below(present.size())))->first;
        merge->remove(leaves);
        present.erase(leaves);
        if (random.below(2) == 0) {
          merge->add(arrival);
          present.emplace(arrival.id, arrival);
        }
      }
      if (random.below(4) == 0) continue;  // batches
      const std::unique_ptr<Merge> scratch = merge_of(history, setting);
      scratch->reset(values(present));
      expect_same_merges(*merge, *scratch);
      if (testing::Test::HasFailure()) return;
    }
  });
}

// Anchors that raise the level, and checkpoints, come and go as changes do.
TEST_P(ForEverySeed, LevelsAndBasesMayChangeAtAnyTime) {
  for_seeds([](History& history, libp2p::Random& random) {
    const std::unique_ptr<Merge> merge = merge_of(history, {}, tight(random));
    for (int turn = 0; turn < 8; ++turn) {
      Drawn drawn = draw(history, random);
      if (random.below(3) == 0) drawn.setting.levels.clear();
      if (random.below(3) == 0)
        drawn.setting.levels.push_back({Hlc{random.below(90)}, id_of(random.u64()), 2});
      merge->set_base(drawn.setting.base);
      if (random.below(2) == 0) (void)merge->result();
      merge->set_levels(drawn.setting.levels);
      merge->reset(drawn.changes);
      const std::unique_ptr<Merge> scratch = merge_of(history, drawn.setting);
      scratch->reset(drawn.changes);
      expect_same_merges(*merge, *scratch);
    }
  });
}

TEST_P(ForEverySeed, ResetLeavesExactlyWhatIsGiven) {
  for_seeds([](History& history, libp2p::Random& random) {
    const std::unique_ptr<Merge> merge =
        merge_of(history, {.levels = history.levels, .base = {}}, tight(random));
    for (int i = 0; i < 6; ++i) {
      std::vector<MergeInput> some;
      for (const MergeInput& change : history.shuffled(random)) {
        if (random.below(3) != 0) some.push_back(change);
      }
      merge->reset(some);
      EXPECT_EQ(merge->size(), some.size());
      expect_same(merge->result(), fold(some, history.happened_before(), history.levels));
    }
  });
}

// I2: whoever knows the same has the same.
TEST_P(ForEverySeed, NodesThatHaveHeardAllAgree) {
  for_seeds([](History& history, libp2p::Random& random) {
    const MergeResult all = fold(history.changes, history.happened_before(), history.levels);
    for (std::size_t i = 0; i < history.nodes(); ++i) {
      for (const MergeInput& change : history.shuffled(random)) history.node(i).add(change);
      expect_same(history.node(i).result(), all);
    }
  });
}

// M6.
TEST_P(ForEverySeed, NoHistoryLeadsToAnInvalidTree) {
  for_seeds([](History& history, libp2p::Random& random) {
    // What stood when the level was raised need not be valid by the new rules.
    if (!history.has_one_level()) return;
    const Drawn drawn = draw(history, random);
    const std::unique_ptr<Merge> merge = merge_of(history, drawn.setting);
    for (const MergeInput& arrival : shuffled(drawn.changes, random)) {
      merge->add(arrival);
      const auto invalid = validate_tree(merge->result().document, merge->level());
      EXPECT_FALSE(invalid) << to_pointer(invalid->path) << ": " << invalid->detail;
    }
  });
}

// L8: where all that follows a checkpoint knew what it covers, nobody can tell that it begins there.
TEST_P(ForEverySeed, FromABaseThatAllKnewTheFoldIsTheSame) {
  for (std::uint64_t seed = GetParam() * seeds_each; seed < (GetParam() + 1) * seeds_each; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    HistoryShape shape = shape_of(seed);
    shape.meeting = shape.changes / 2;
    libp2p::SeededRandom source(seed);
    const History history(source, shape);
    Drawn covered{{}, {.levels = history.levels, .base = {}}};
    Drawn later = covered;
    for (std::size_t i = 0; i < history.changes.size(); ++i)
      (i < shape.meeting ? covered : later).changes.push_back(history.changes[i]);
    const std::unique_ptr<Merge> before = merge_of(history, covered.setting);
    before->reset(covered.changes);
    const auto bytes = encode_state(before->state());
    ASSERT_TRUE(bytes);
    later.setting.base = *decode_state(*bytes);

    const std::unique_ptr<Merge> onto = merge_of(history, later.setting);
    onto->reset(later.changes);
    const std::unique_ptr<Merge> whole = merge_of(history, covered.setting);
    whole->reset(history.changes);
    MergeResult wanted = whole->result();
    wanted.fates.erase(wanted.fates.begin(),
                       wanted.fates.begin() + static_cast<std::ptrdiff_t>(shape.meeting));
    expect_same(onto->result(), wanted);
    EXPECT_EQ(onto->revision(), whole->revision());
    EXPECT_EQ(onto->provenance(), whole->provenance());
    if (HasFailure()) return;
  }
}

// I6: what was removed stays so unless a later change sets it again, or the removal lost, with a conflict
// that says so.
TEST_P(ForEverySeed, WhatIsRemovedReturnsOnlyWithAReason) {
  for_seeds([](History& history, libp2p::Random& random) {
    const Drawn drawn = draw(history, random);
    const MergeResult result = folded(history, drawn);
    for (std::size_t i = 0; i < result.fates.size(); ++i) {
      for (const Path& path : removed_by(history, result.fates[i])) {
        if (member_at(result.document, path) == nullptr) continue;
        EXPECT_TRUE(set_after(history, result, i, path) || lost(history, result, i, path))
            << to_pointer(path) << " stands, though " << to_hex(result.fates[i].id) << " removed it";
      }
    }
  });
}

TEST_P(ForEverySeed, FromOneTreeToAnotherTheDifferenceLeads) {
  for_seeds([](History& history, libp2p::Random& random) {
    const std::unique_ptr<Merge> merge = merge_of(history, {.levels = history.levels, .base = {}});
    json::value before = merge->result().document;
    for (const MergeInput& arrival : history.shuffled(random)) {
      merge->add(arrival);
      const json::value& after = merge->result().document;
      for (const Edit& edit : diff_trees(before, after)) {
        if (edit.op == EditOp::remove && edit.path.empty()) {
          before.as_object().erase(edit.scope);
        } else {
          EXPECT_TRUE(apply_edit(before.as_object()[edit.scope], edit));
        }
      }
      EXPECT_EQ(text(before), text(after));
      before = after;
    }
  });
}

// M8: whoever lost something without knowing has a conflict, or a later change that knew of it settled that.
TEST_P(ForEverySeed, FatesNameWhatChangedAndNothingElse) {
  for_seeds([](History& history, libp2p::Random& random) {
    const Drawn drawn = draw(history, random);
    const std::unique_ptr<Merge> merge = merge_of(history, drawn.setting, tight(random));
    std::map<RecordId, std::pair<ChangeFate::State, std::string>> told;
    for (const MergeInput& arrival : shuffled(drawn.changes, random)) {
      merge->add(arrival);
      const std::vector<RecordId> all_changed = ids(merge->take_changed());
      const std::set<RecordId> changed(all_changed.begin(), all_changed.end());
      for (const ChangeFate& fate : merge->result().fates) {
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
