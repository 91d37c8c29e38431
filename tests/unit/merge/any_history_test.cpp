// What must hold for any history, once more with RapidCheck: what fails is shrunk to the shortest history
// that does.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "starling/merge/diff.hpp"
#include "starling/merge/tree.hpp"
#include "tests/unit/merge/history.hpp"
#include "tests/unit/merge/slow_fold.hpp"

namespace starling::test {
namespace {

struct Story {
  explicit Story(const Bytes& input)
      : random(input),
        history(random, {.nodes = 2 + random.below(3),
                         .changes = 2 + random.below(24),
                         .hears = random.unit(),
                         .hostile = random.unit() / 3,
                         .layered = random.unit()}),
        drawn(draw(history, random)) {}

  [[nodiscard]] std::unique_ptr<Merge> merge(MergeLimits limits = {}) const {
    return merge_of(history, drawn.setting, limits);
  }

  InputRandom random;
  History history;
  Drawn drawn;
};

// Long enough for some dozens of changes.
Bytes any_input() { return *rc::gen::resize(600, rc::gen::arbitrary<Bytes>()); }

RC_GTEST_PROP(AnyHistory, I3_OneStateHashInWhateverOrderAndBatchesHoweverOftenEachComes, ()) {
  const Bytes input = any_input();
  Story story(input);
  const std::unique_ptr<Merge> at_once = story.merge();
  at_once->reset(story.drawn.changes);
  std::vector<MergeInput> arrivals = shuffled(story.drawn.changes, story.random);
  const auto repeated = story.random.below(arrivals.size() + 1);
  for (std::size_t i = 0; i < repeated; ++i) arrivals.push_back(arrivals[story.random.below(i + 1)]);
  const std::unique_ptr<Merge> one_by_one = story.merge({.undo_changes = story.random.below(4),
                                                         .undo_bytes = 1 << 16,
                                                         .snapshot_every = 1 + story.random.below(4),
                                                         .snapshot_bytes = 1 << 16,
                                                         .remembered_changes = story.random.below(4)});
  for (const MergeInput& arrival : arrivals) {
    one_by_one->add(arrival);
    if (story.random.below(2) == 0) (void)one_by_one->revision();
  }
  RC_ASSERT(one_by_one->revision() == at_once->revision());
  RC_ASSERT(text(one_by_one->result()) == text(at_once->result()));
  RC_ASSERT(one_by_one->provenance() == at_once->provenance());
}

RC_GTEST_PROP(AnyHistory, ASliceAtATimeItComesToTheSame, ()) {
  const Bytes input = any_input();
  Story story(input);
  const std::unique_ptr<Merge> at_once = story.merge();
  at_once->reset(story.drawn.changes);
  const std::unique_ptr<Merge> sliced = story.merge({.undo_changes = story.random.below(4),
                                                     .undo_bytes = 1 << 16,
                                                     .snapshot_every = 1 + story.random.below(4),
                                                     .snapshot_bytes = 1 << 16,
                                                     .remembered_changes = story.random.below(4)});
  // Changes come and go, and the base does, while an update is under way.
  for (const MergeInput& arrival : shuffled(story.drawn.changes, story.random)) {
    sliced->add(arrival);
    (void)sliced->advance_provenance(story.random.below(4));
    if (story.random.below(8) != 0) continue;
    sliced->remove(arrival.id);
    sliced->set_base(std::nullopt);
    (void)sliced->advance(story.random.below(4));
    sliced->set_base(story.drawn.setting.base);
    sliced->add(arrival);
  }
  while (!sliced->advance(1 + story.random.below(4))) {
  }
  RC_ASSERT(sliced->advance(1));
  for (auto part = story.random.below(8); part-- > 0;) (void)sliced->advance_provenance(1);
  RC_ASSERT(sliced->revision() == at_once->revision());
  RC_ASSERT(text(sliced->result()) == text(at_once->result()));
  RC_ASSERT(sliced->provenance() == at_once->provenance());
}

RC_GTEST_PROP(AnyHistory, FoldFollowsTheRulesToTheLetter, ()) {
  const Bytes input = any_input();
  const Story story(input);
  const std::unique_ptr<Merge> merge = story.merge();
  merge->reset(story.drawn.changes);
  SlowFold slow(story.drawn.changes, story.history.happened_before(), story.drawn.setting);
  RC_ASSERT(text(merge->result()) == text(slow.run()));
  RC_ASSERT(merge->provenance() == slow.provenance());
}

RC_GTEST_PROP(AnyHistory, I2_NodesThatHaveHeardAllAgree, ()) {
  const Bytes input = any_input();
  Story story(input);
  const std::unique_ptr<Merge> all = merge_of(story.history, {.levels = story.history.levels, .base = {}});
  all->reset(story.history.changes);
  for (std::size_t i = 0; i < story.history.nodes(); ++i) {
    for (const MergeInput& change : story.history.changes) story.history.node(i).add(change);
    RC_ASSERT(story.history.node(i).revision() == all->revision());
  }
}

RC_GTEST_PROP(AnyHistory, L1_ItsStateIsReadAsItWasWritten, ()) {
  const Bytes input = any_input();
  const Story story(input);
  const std::unique_ptr<Merge> merge = story.merge();
  merge->reset(story.drawn.changes);
  const Bytes bytes = *encode_state(merge->state());
  const auto state = decode_state(bytes);
  RC_ASSERT(state.has_value());
  RC_ASSERT(*encode_state(*state) == bytes);
  const std::unique_ptr<Merge> onto =
      merge_of(story.history, {.levels = story.drawn.setting.levels, .base = *state});
  RC_ASSERT(onto->revision() == merge->revision());
}

// Who touched a place last, or something above or below it: what stands there is of one of them.
std::vector<Provenance> known_of(const Provenances& all, const Path& place) {
  std::vector<Provenance> known;
  for (const auto& [path, provenance] : all) {
    if (overlaps(place, path)) known.push_back(provenance);
  }
  return known;
}

bool lost_openly(const MergeResult& result, const RecordId& change, const Edit& removal) {
  return std::ranges::any_of(result.conflicts, [&](const Conflict& conflict) {
    return conflict.loser == change && conflict.scope == removal.scope && conflict.path == removal.path;
  });
}

// Of a conflict that is not open any more: whoever settled it.
bool touched_later(const Story& story, const MergeInput& removing, const Edit& removal) {
  return std::ranges::any_of(story.drawn.changes, [&](const MergeInput& other) {
    return Provenance{other.id, other.hlc, false}.is_after(removing.hlc, removing.id) &&
           std::ranges::any_of(other.change.edits, [&](const Edit& edit) {
             return edit.scope == removal.scope && overlaps(edit.path, removal.path);
           });
  });
}

// Behind a checkpoint, by an older change that comes late.
bool stays_removed(const MergeState& base, const Provenances& now) {
  return std::ranges::all_of(base.provenance, [&](const auto& before) {
    return !before.second.removed || std::ranges::all_of(now, [&](const auto& known) {
      return known.second.removed || !is_prefix(before.first, known.first) ||
             !before.second.is_after(known.second.hlc, known.second.change);
    });
  });
}

RC_GTEST_PROP(AnyHistory, M5_ARemovedPathReturnsOnlyByALaterChangeOrWhenItsRemovalLostAConflict, ()) {
  const Bytes input = any_input();
  const Story story(input);
  const std::unique_ptr<Merge> merge = story.merge();
  merge->reset(story.drawn.changes);
  if (const auto& base = story.drawn.setting.base) RC_ASSERT(stays_removed(*base, merge->provenance()));
  const MergeResult& result = merge->result();
  for (const MergeInput& removing : story.drawn.changes) {
    const ChangeFate fate = fate_of(result, removing.id);
    if (fate.state == ChangeFate::State::skipped) continue;
    for (const Edit& removal : removing.change.edits) {
      // A scope's document is emptied, not taken away.
      const Path place = path_in_tree(removal.scope, removal.path);
      if (removal.op != EditOp::remove || removal.path.empty()) continue;
      if (member_at(result.document, place) == nullptr || lost_openly(result, removing.id, removal)) continue;
      const bool may_have_lost = fate.state != ChangeFate::State::applied;
      if (may_have_lost && touched_later(story, removing, removal)) continue;
      bool by_a_later_one = false;
      for (const Provenance& known : known_of(merge->provenance(), place)) {
        const bool later = known.is_after(removing.hlc, removing.id);
        RC_ASSERT(known.removed || later || known.change == removing.id);
        by_a_later_one = by_a_later_one || later || !known.removed;
      }
      RC_ASSERT(by_a_later_one);
    }
  }
}

RC_GTEST_PROP(AnyHistory, DiffThenApplyIsIdentity, ()) {
  const Bytes input = any_input();
  InputRandom random(input);
  RandomDocuments documents(random);
  json::value before = documents.whole();
  const json::value after = documents.whole();
  const DiffLimits limits{.max_edits = 1 + random.below(20)};
  for (const Edit& edit : diff(before, after, limits)) RC_ASSERT(apply_edit(before, edit));
  RC_ASSERT(text(before) == text(after));
}

}  // namespace
}  // namespace starling::test
