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

// A byte of input for each draw; zeros when there are no more.
class InputRandom final : public libp2p::Random {
 public:
  explicit InputRandom(BytesView input) : input_(input) {}
  void fill(libp2p::MutableBytes out) override {
    std::ranges::fill(out, std::uint8_t{0});
    if (input_.empty() || out.empty()) return;
    // At both ends: what is drawn looks at the high bits or at the low ones.
    out.front() = out.back() = input_.front();
    input_ = input_.subspan(1);
  }

 private:
  BytesView input_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  InputRandom random(BytesView(data, size));
  const test::HistoryShape shape{.nodes = 2 + random.below(3),
                                 .changes = 1 + random.below(16),
                                 .hears = random.unit(),
                                 .hostile = random.unit() / 2};
  const test::History history(random, shape);
  const MergeLimits limits{.undo_changes = random.below(4),
                           .undo_bytes = 1 << 16,
                           .snapshot_every = 1 + random.below(4),
                           .snapshot_bytes = 1 << 16,
                           .remembered_changes = random.below(4)};
  const std::string plain = test::text(test::SlowFold(history.changes, history.happened_before()).run());
  require(test::text(fold(history.changes, history.happened_before())) == plain);
  Merge merge(history.happened_before(), limits);
  for (MergeInput& change : history.shuffled(random)) {
    merge.add(std::move(change));
    if (random.below(2) == 0) require(!validate_tree(merge.result().document, first_merge_level));
  }
  require(test::text(merge.result()) == plain);
  return 0;
}
