// What must hold for any history, once more with RapidCheck: what fails is shrunk to the shortest history
// that does.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "starling/merge/diff.hpp"
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
