// Leaf edits between documents: the rules M2 and M3.
#include "starling/merge/diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "libp2p/base/random.hpp"
#include "tests/unit/merge/build.hpp"

namespace starling::test {
namespace {

std::vector<std::string> edits(std::string_view before, std::string_view after, DiffLimits limits = {}) {
  std::vector<std::string> lines;
  for (const Edit& edit : diff(doc(before), doc(after), limits)) {
    lines.push_back((edit.op == EditOp::remove ? "remove " : "set ") + to_pointer(edit.path) +
                    (edit.value ? " " + text(*edit.value) : ""));
  }
  return lines;
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Diff, M2_AnObjectBecomesLeafEditsInOrderOfPath) {
  EXPECT_THAT(edits("{}", R"({"b":{"y":{"z":1},"x":"s"},"a":{}})"),
              ElementsAre("set /a {}", R"(set /b/x "s")", "set /b/y/z 1"));
}

TEST(Diff, M2_AnArrayIsSetWhole) {
  EXPECT_THAT(edits(R"({"a":[1,{"b":2}]})", R"({"a":[1,{"b":3}]})"), ElementsAre(R"(set /a [1,{"b":3}])"));
}

TEST(Diff, M3_OnlyWhatDiffersIsEdited) {
  EXPECT_THAT(edits(R"({"a":1,"b":{"c":2,"d":3},"e":5})", R"({"a":1,"b":{"c":2,"d":4},"f":6})"),
              ElementsAre("set /b/d 4", "remove /e", "set /f 6"));
  EXPECT_THAT(edits(R"({"a":1e3,"b":[1.0]})", R"({"b":[1],"a":1000})"), IsEmpty());
}

TEST(Diff, M3_WhatDisappearsIsRemovedAtItsHighestPlace) {
  EXPECT_THAT(edits(R"({"a":{"b":{"c":1,"d":2}}})", R"({"a":{}})"), ElementsAre("remove /a/b"));
}

TEST(Diff, AnObjectTakesThePlaceOfAnotherValueBeforeItsMembersDo) {
  EXPECT_THAT(edits(R"({"a":[]})", R"({"a":{"b":1,"c":2}})"),
              ElementsAre("set /a {}", "set /a/b 1", "set /a/c 2"));
  EXPECT_THAT(edits(R"({"a":{"b":1}})", R"({"a":5})"), ElementsAre("set /a 5"));
  EXPECT_THAT(edits("5", R"({"a":1})"), ElementsAre("set  {}", "set /a 1"));
}

TEST(Diff, TooManyEditsAreGatheredFromTheDeepestLevelUp) {
  constexpr std::string_view after = R"({"a":{"x":{"p":1,"q":2}},"b":{"y":{"p":1,"q":2}},"c":1})";
  EXPECT_EQ(edits("{}", after).size(), 5U);
  EXPECT_THAT(edits("{}", after, {.max_edits = 4, .max_bytes = 10'000}),
              ElementsAre(R"(set /a/x {"p":1,"q":2})", R"(set /b/y {"p":1,"q":2})", "set /c 1"));
  EXPECT_THAT(edits("{}", after, {.max_edits = 2, .max_bytes = 10'000}),
              ElementsAre(R"(set  {"a":{"x":{"p":1,"q":2}},"b":{"y":{"p":1,"q":2}},"c":1})"));
}

TEST(Diff, WhatIsTooLargeForOneChangeIsGatheredToo) {
  constexpr std::string_view after = R"({"a":{"x":{"p":1,"q":2}}})";
  EXPECT_THAT(edits("{}", after, {.max_edits = 10, .max_bytes = 60}),
              ElementsAre(R"(set /a/x {"p":1,"q":2})"));
}

TEST(Diff, ALargeConfigurationFitsIntoOneChange) {
  json::object applications;
  for (int i = 0; i < 50'000; ++i) {
    applications["app" + std::to_string(i)] = json::object{{"type", "external"}, {"executable", "/bin/true"}};
  }
  const json::value after = json::object{{"applications", std::move(applications)}};
  Change change;
  change.edits = diff(empty_document(), after);
  EXPECT_LE(change.edits.size(), max_edits);
  const Bytes body = change.to_body();
  EXPECT_LE(body.size(), max_record_bytes);
  ASSERT_TRUE(Change::from_body(body));
  json::value document = empty_document();
  for (const Edit& edit : change.edits) apply_edit(document, edit);
  EXPECT_TRUE(same_json(document, after));
}

// With few names, so that two of them have much in common.
json::value random_value(libp2p::Random& random, int depth) {
  const std::uint64_t kind = random.below(depth > 0 ? 8 : 4);
  if (kind == 0) return nullptr;
  if (kind < 4) return random.below(3);
  if (kind == 4) {
    json::array array;
    for (std::uint64_t i = random.below(3); i-- > 0;) array.push_back(random_value(random, depth - 1));
    return array;
  }
  constexpr std::array names{"a", "b", "c", ""};
  json::object object;
  for (std::uint64_t i = random.below(4); i-- > 0;) {
    object[names[random.below(names.size())]] = random_value(random, depth - 1);
  }
  return object;
}

constexpr std::uint64_t seeds = 2000;

TEST(Diff, M3_AppliedToTheOneItGivesTheOther) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    libp2p::SeededRandom random(seed);
    const json::value before = random_value(random, 4);
    const json::value after = random_value(random, 4);
    for (const DiffLimits& limits :
         {DiffLimits{}, DiffLimits{.max_edits = random.below(8), .max_bytes = 10'000}}) {
      json::value document = before;
      for (const Edit& edit : diff(before, after, limits)) EXPECT_TRUE(apply_edit(document, edit));
      ASSERT_EQ(text(document), text(after)) << "seed " << seed << ", from " << text(before);
    }
  }
}

TEST(Diff, M2_NoEditCrossesAnArrayOrSetsAnObjectThatIsNotEmpty) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    libp2p::SeededRandom random(seed);
    const json::value before = random_value(random, 4);
    json::value document = before;
    for (const Edit& edit : diff(before, random_value(random, 4))) {
      const json::value* place = &document;
      for (const std::string& segment : edit.path) {
        ASSERT_TRUE(place->is_object()) << "seed " << seed;
        place = place->get_object().if_contains(segment);
        if (place == nullptr) break;
      }
      ASSERT_TRUE(!edit.value || !edit.value->is_object() || edit.value->get_object().empty())
          << "seed " << seed;
      apply_edit(document, edit);
    }
  }
}

}  // namespace
}  // namespace starling::test
