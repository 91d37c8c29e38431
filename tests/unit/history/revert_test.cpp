#include "starling/history/revert.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

json::value parse(std::string_view text) { return *parse_json(text); }

RecordId change(std::uint8_t number) {
  RecordId id;
  id.bytes.fill(number);
  return id;
}
const RecordId it = change(1);
const RecordId later = change(2);

struct Case {
  json::value before, after, present;
  std::map<Path, RecordId> last = {};  // where it is another than `it`

  [[nodiscard]] Reverted reverted(bool force = false) const {
    return revert({it, before, after, present,
                   [this](const Path& path) -> std::optional<RecordId> {
                     const auto found = last.find(path);
                     return found == last.end() ? it : found->second;
                   }},
                  force);
  }
};

TEST(Revert, TakesBackWhatStillStands) {
  const Case done{parse(R"({"a": 1, "gone": {"x": 1}})"), parse(R"({"a": 2, "new": {"y": 1}})"),
                  parse(R"({"a": 2, "new": {"y": 1}, "other": 3})")};
  const Reverted reverted = done.reverted();
  EXPECT_EQ(reverted.document, parse(R"({"a": 1, "gone": {"x": 1}, "other": 3})"));
  EXPECT_TRUE(reverted.in_between.empty());
}

TEST(Revert, NamesWhatHasBeenChangedSinceAndByWhom) {
  const Case done{parse(R"({"a": 1, "b": 1})"),
                  parse(R"({"a": 2, "b": 2})"),
                  parse(R"({"a": 3, "b": 2})"),
                  {{{"a"}, later}}};
  const Reverted reverted = done.reverted();
  EXPECT_EQ(reverted.document, parse(R"({"a": 3, "b": 1})"));
  ASSERT_EQ(reverted.in_between.size(), 1U);
  EXPECT_EQ(reverted.in_between[0].path, Path{"a"});
  EXPECT_EQ(reverted.in_between[0].by, later);
  EXPECT_EQ(done.reverted(true).document, done.before);
}

TEST(Revert, TheSameValueSetAnewIsSomebodyElses) {
  const Case done{parse(R"({"a": 1})"), parse(R"({"a": 2})"), parse(R"({"a": 2})"), {{{"a"}, later}}};
  EXPECT_EQ(done.reverted().in_between.size(), 1U);
}

TEST(Revert, WhatIsAsItWasBeforeNeedsNothing) {
  const Case done{parse(R"({"a": 1})"), parse(R"({"a": 2})"), parse(R"({"a": 1})"), {{{"a"}, later}}};
  EXPECT_EQ(done.reverted().document, done.present);
  EXPECT_TRUE(done.reverted().in_between.empty());
}

TEST(Revert, WhatWasRemovedSinceIsChangedSince) {
  const Case done{
      parse("{}"), parse(R"({"a": {"x": 1}})"), parse(R"({"a": {"x": 1, "y": 2}})"), {{{"a"}, later}}};
  EXPECT_EQ(done.reverted().in_between.size(), 1U);
  EXPECT_EQ(done.reverted(true).document, parse("{}"));
}

TEST(Revert, OnlyTheAppendedElementGoesFromAnArrayThatOthersChanged) {
  const Case done{
      parse(R"({"r": [1]})"), parse(R"({"r": [1, 2]})"), parse(R"({"r": [0, 1, 2, 3]})"), {{{"r"}, later}}};
  EXPECT_EQ(done.reverted().document, parse(R"({"r": [0, 1, 3]})"));
  EXPECT_TRUE(done.reverted().in_between.empty());
}

TEST(Revert, AnAppendedElementThatIsThereTwiceIsNotGuessedAt) {
  const Case twice{
      parse(R"({"r": []})"), parse(R"({"r": [2]})"), parse(R"({"r": [2, 2]})"), {{{"r"}, later}}};
  EXPECT_EQ(twice.reverted().in_between.size(), 1U);
  const Case gone{parse(R"({"r": []})"), parse(R"({"r": [2]})"), parse(R"({"r": [3]})"), {{{"r"}, later}}};
  EXPECT_EQ(gone.reverted().in_between.size(), 1U);
}

}  // namespace
}  // namespace starling
