// A history of a small fleet, drawn from the input: the merge as its changes come in, in some order, is what
// folding them at once gives, and that is what the rules say, and valid.
#include <algorithm>
#include <cstdlib>

#include "starling/merge/tree_check.hpp"
#include "tests/unit/merge/history.hpp"
#include "tests/unit/merge/slow_fold.hpp"

namespace {

using namespace starling;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::InputRandom random(BytesView(data, size));
  const test::HistoryShape shape{.nodes = 2 + random.below(3),
                                 .changes = 1 + random.below(16),
                                 .hears = random.unit(),
                                 .hostile = random.unit() / 2,
                                 .layered = random.unit()};
  const test::History history(random, shape);
  const test::Drawn drawn = test::draw(history, random);
  const MergeLimits limits{.undo_changes = random.below(4),
                           .undo_bytes = 1 << 16,
                           .snapshot_every = 1 + random.below(4),
                           .snapshot_bytes = 1 << 16,
                           .remembered_changes = random.below(4)};
  test::SlowFold slow(drawn.changes, history.happened_before(), drawn.setting);
  const std::string plain = test::text(slow.run());
  const std::unique_ptr<Merge> at_once = test::merge_of(history, drawn.setting);
  at_once->reset(drawn.changes);
  require(test::text(at_once->result()) == plain);
  require(at_once->provenance() == slow.provenance());
  const std::unique_ptr<Merge> merge = test::merge_of(history, drawn.setting, limits);
  for (MergeInput& change : test::shuffled(drawn.changes, random)) {
    merge->add(std::move(change));
    if (random.below(2) != 0) continue;
    const json::value& tree = merge->result().document;
    require(!history.has_one_level() || !validate_tree(tree, merge->level()));
  }
  require(test::text(merge->result()) == plain);
  require(merge->revision() == at_once->revision());
  require(merge->provenance() == slow.provenance());
  return 0;
}
