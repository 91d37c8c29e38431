#include "starling/history/difference.hpp"

#include <gtest/gtest.h>

#include "starling/merge/tree.hpp"

namespace starling {
namespace {

json::value parse(std::string_view text) { return *parse_json(text); }

std::string told(const json::value& before, const json::value& after) {
  std::string text;
  for (const Difference& difference : differences(before, after)) {
    text += to_pointer(difference.path) + " " +
            (difference.before ? canonical_json(*difference.before) : "-") + " " +
            (difference.after ? canonical_json(*difference.after) : "-") + "\n";
  }
  return text;
}

TEST(Differences, AreNoneBetweenTheSame) {
  EXPECT_EQ(told(parse(R"({"a": {"b": [1, 2.0]}})"), parse(R"({"a": {"b": [1, 2]}})")), "");
}

TEST(Differences, TellOldAndNewInOrderOfPath) {
  EXPECT_EQ(told(parse(R"({"z": 1, "a": {"b": 1, "c": 2}})"), parse(R"({"z": 2, "a": {"b": 3, "c": 2}})")),
            "/a/b 1 3\n/z 1 2\n");
}

TEST(Differences, WhatIsOnOneSideAloneIsOneHoweverMuchIsInIt) {
  EXPECT_EQ(told(parse(R"({"gone": {"x": {"y": 1}}})"), parse(R"({"new": {"x": {"y": 1}}})")),
            "/gone {\"x\":{\"y\":1}} -\n/new - {\"x\":{\"y\":1}}\n");
}

TEST(Differences, AnArrayIsComparedWhole) {
  EXPECT_EQ(told(parse(R"({"r": [{"a": 1}]})"), parse(R"({"r": [{"a": 2}]})")),
            "/r [{\"a\":1}] [{\"a\":2}]\n");
}

TEST(Differences, KindsOfValueDiffer) {
  EXPECT_EQ(told(parse(R"({"a": {}})"), parse(R"({"a": []})")), "/a {} []\n");
  EXPECT_EQ(told(parse("1"), parse("{}")), " 1 {}\n");
}

TEST(Differences, NullIsAValue) { EXPECT_EQ(told(parse(R"({"a": null})"), parse("{}")), "/a null -\n"); }

}  // namespace
}  // namespace starling
