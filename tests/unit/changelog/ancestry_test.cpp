#include "starling/changelog/ancestry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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

}  // namespace
}  // namespace starling
