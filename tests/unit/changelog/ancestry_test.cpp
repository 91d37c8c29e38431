#include "starling/changelog/ancestry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "libp2p/base/random.hpp"

namespace starling {
namespace {

using Number = Ancestry::Number;

// The same answers from the definition.
struct SlowGraph {
  std::vector<std::set<Number>> before;
  void add(std::optional<Number> prev, const std::vector<Number>& parents) {
    std::set<Number> all;
    const auto learn = [&](Number parent) {
      all.insert(parent);
      all.insert(before[parent].begin(), before[parent].end());
    };
    if (prev) learn(*prev);
    for (const Number parent : parents) learn(parent);
    before.push_back(std::move(all));
  }
};

TEST(Ancestry, AnswersAsTheDefinitionDoesForRandomGraphsWithForks) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    libp2p::SeededRandom random(seed);
    Ancestry ancestry;
    SlowGraph slow;
    std::set<Number> tips;
    for (Number number = 0; number < 120; ++number) {
      std::optional<Number> prev;
      std::vector<Number> parents;
      if (number > 0 && random.below(6) != 0) prev = static_cast<Number>(random.below(number));
      for (std::uint64_t i = random.below(3); i > 0 && number > 0; --i)
        parents.push_back(static_cast<Number>(random.below(number)));
      if (random.below(20) == 0) parents.assign(tips.begin(), tips.end());
      if (prev) tips.erase(*prev);
      for (const Number parent : parents) tips.erase(parent);
      tips.insert(number);
      ancestry.add(prev, parents, tips.size() == 1);
      slow.add(prev, parents);
      // Asked while it grows: what has been worked out before must not stand in the way.
      const auto other = static_cast<Number>(random.below(number + 1));
      EXPECT_EQ(ancestry.before(other, number), slow.before[number].contains(other)) << seed;
    }
    for (Number later = 0; later < 120; ++later) {
      for (Number earlier = 0; earlier < 120; ++earlier)
        ASSERT_EQ(ancestry.before(earlier, later), slow.before[later].contains(earlier)) << seed;
    }
  }
}

TEST(Ancestry, RV10_AGraph200000DeepIsNoDeeperThanOneForTheStack) {
  Ancestry ancestry;
  const Number aside = ancestry.add(std::nullopt, {}, true);
  Number last = ancestry.add(std::nullopt, {}, false);
  const Number first = last;
  for (int i = 0; i < 200'000; ++i) {
    // Each a lane of its own: names the one before as its parent.
    const std::array parents{last};
    last = ancestry.add(std::nullopt, parents, false);
  }
  EXPECT_TRUE(ancestry.before(first, last));
  EXPECT_FALSE(ancestry.before(aside, last));
}

// Three nodes that write in turns, each having seen what the others wrote; then a fourth, each of whose
// records names what was there `age` records before.
struct OldFrontiers {
  OldFrontiers(Number count, Number age, Number late) {
    std::array<std::optional<Number>, 3> last;
    for (Number number = 0; number < count; ++number) {
      std::vector<Number> seen;
      for (const auto& one : last) {
        if (one) seen.push_back(*one);
      }
      auto& own = last[number % 3];
      own = ancestry.add(own, seen, false);
    }
    std::optional<Number> before;
    for (Number i = 0; i < late; ++i) {
      const std::array parents{count - age + i};
      before = ancestry.add(before, parents, false);
      cite.emplace_back(*before, parents.front());
    }
  }
  // As judging and merging do: what did each of them know of the others?
  void ask() const {
    for (const auto& [late, frontier] : cite) {
      for (Number earlier = frontier - 10; earlier < frontier + 10; ++earlier)
        ASSERT_EQ(ancestry.before(earlier, late), earlier <= frontier) << late << " and " << earlier;
    }
  }

  Ancestry ancestry;
  std::vector<std::pair<Number, Number>> cite;  // the late ones, and what each names
};

TEST(Ancestry, RV33_WhoNamesAFrontier10000RecordsOldCostsOneWalkAndNotOneEach) {
  const OldFrontiers history(30'000, 10'000, 200);
  history.ask();
  const std::uint64_t looks = history.ancestry.looks();
  // Each record at most once for each of the three that are asked about, and once more for the one that waits
  // for it.
  EXPECT_LE(looks, 2 * 3 * history.ancestry.size());
  history.ask();
  EXPECT_EQ(history.ancestry.looks(), looks);
  const OldFrontiers twice(60'000, 20'000, 200);
  twice.ask();
  EXPECT_LE(twice.ancestry.looks(), looks * 21 / 10);
  // Ten times as many that are late cost a walk of themselves, and of what their frontiers go further.
  const OldFrontiers more(30'000, 10'000, 2'000);
  more.ask();
  EXPECT_LE(more.ancestry.looks(), looks + 2 * 3 * 2 * 1'800);
}

}  // namespace
}  // namespace starling
