#include "starling/history/point.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

const std::string whole_revision(64, 'a');

TEST(Point, IsARevisionsFirstDigits) {
  const auto point = parse_point("0123abcd");
  ASSERT_TRUE(point);
  EXPECT_EQ(std::get<AtRevision>(*point).digits, "0123abcd");
  EXPECT_EQ(std::get<AtRevision>(*parse_point(whole_revision)).digits, whole_revision);
}

TEST(Point, MayStandInQuotesAsInAnEtag) {
  EXPECT_EQ(std::get<AtRevision>(*parse_point("\"" + whole_revision + "\"")).digits, whole_revision);
}

TEST(Point, IsAChange) {
  RecordId id;
  id.bytes.fill(7);
  EXPECT_EQ(std::get<AtChange>(*parse_point(to_cid(id))).change, id);
}

TEST(Point, CountsBackFromHead) {
  EXPECT_EQ(std::get<BeforeNewest>(*parse_point("HEAD")).changes, 0U);
  EXPECT_EQ(std::get<BeforeNewest>(*parse_point("HEAD~")).changes, 1U);
  EXPECT_EQ(std::get<BeforeNewest>(*parse_point("HEAD~12")).changes, 12U);
}

TEST(Point, IsNothingElse) {
  for (const std::string text :
       {"", "\"", "\"\"", "head", "HEAD~-1", "HEAD~x", "HEAD~1x", "HEAD~99999999999999999999", "HEAD^",
        "0123abc", "0123ABCD", "bafkreigarbage", "HEAD ~1"}) {
    EXPECT_FALSE(parse_point(text)) << text;
  }
  EXPECT_FALSE(parse_point(std::string(65, 'a')));
}

}  // namespace
}  // namespace starling
