#include "starling/history/revision_log.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

RevisionId revision(std::uint8_t number) {
  RevisionId id;
  id.bytes.fill(number);
  return id;
}
RecordId head(std::uint16_t number) {
  RecordId id;
  id.bytes[0] = static_cast<std::uint8_t>(number);
  id.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  return id;
}

TEST(RevisionLog, FindsByTheFirstDigits) {
  RevisionLog log;
  log.add({revision(0x11), {head(1)}});
  log.add({revision(0x22), {head(2)}});
  const auto found = log.find("11111111");
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->heads, std::vector{head(1)});
  EXPECT_EQ((*log.find(to_hex(revision(0x22))))->heads, std::vector{head(2)});
}

TEST(RevisionLog, SaysWhyItDoesNotKnow) {
  RevisionLog log;
  RevisionId one = revision(0x11);
  RevisionId other = one;
  other.bytes[31] = 0;
  log.add({one, {head(1)}});
  log.add({other, {head(2)}});
  EXPECT_EQ(log.find("1111").error().code, Errc::invalid_argument);
  EXPECT_EQ(log.find("1111111g").error().code, Errc::invalid_argument);
  EXPECT_EQ(log.find(std::string(65, '1')).error().code, Errc::invalid_argument);
  EXPECT_EQ(log.find("11111111").error().code, Errc::invalid_argument) << "two begin so";
  EXPECT_TRUE(log.find(to_hex(other)));
  EXPECT_EQ(log.find("22222222").error().code, Errc::not_found);
}

TEST(RevisionLog, OfARevisionThatCameBackTheNewestOccurrenceCounts) {
  RevisionLog log;
  log.add({revision(1), {head(1)}});
  log.add({revision(2), {head(2)}});
  log.add({revision(1), {head(3)}});
  EXPECT_EQ((*log.find("01010101"))->heads, std::vector{head(3)});
  EXPECT_EQ(*log.revision_at({head(1)}), revision(1));
  EXPECT_EQ(*log.revision_at({head(2)}), revision(2));
  EXPECT_EQ(log.revision_at({head(4)}), nullptr);
}

TEST(RevisionLog, ForgetsTheOldest) {
  RevisionLog log;
  log.add({revision(0xaa), {head(0)}});
  for (std::uint16_t i = 1; i <= RevisionLog::capacity; ++i) log.add({revision(1), {head(i)}});
  EXPECT_EQ(log.size(), RevisionLog::capacity);
  EXPECT_EQ(log.find("aaaaaaaa").error().code, Errc::not_found);
}

TEST(RevisionLog, IsBoundedInHeadsToo) {
  RevisionLog log;
  std::vector<RecordId> many;
  for (std::uint16_t i = 0; i < 1000; ++i) many.push_back(head(i));
  for (std::uint8_t i = 0; i < 100; ++i) log.add({revision(i), many});
  EXPECT_LE(log.size() * many.size(), RevisionLog::capacity_ids);
  EXPECT_TRUE(log.newest_fact().empty()) << "so many heads are not remembered";
}

TEST(RevisionLog, IsRememberedOverRestartsAsFarAsTheFactsReach) {
  RevisionLog log;
  Facts facts;
  const auto add = [&](std::uint8_t number, std::uint16_t tip) {
    log.add({revision(number), {head(tip)}});
    for (auto& [name, value] : log.newest_fact()) facts.insert_or_assign(name, value);
  };
  add(0xaa, 0);
  for (std::uint16_t i = 1; i < RevisionLog::remembered; ++i) add(1, i);
  RevisionLog again;
  again.restore(facts);
  again.add({revision(0xbb), {head(5000)}});
  EXPECT_EQ(again.size(), RevisionLog::remembered + 1);
  EXPECT_EQ((*again.find("aaaaaaaa"))->heads, std::vector{head(0)});
  EXPECT_EQ(*again.revision_at({head(RevisionLog::remembered - 1)}), revision(1));
  // The next takes the place of the oldest.
  for (auto& [name, value] : again.newest_fact()) facts.insert_or_assign(name, value);
  EXPECT_EQ(facts.size(), RevisionLog::remembered);
  RevisionLog third;
  third.restore(facts);
  EXPECT_FALSE(third.find("aaaaaaaa"));
  EXPECT_TRUE(third.find("bbbbbbbb"));
}

TEST(RevisionLog, LeavesOutWhatItCannotRead) {
  const std::string good = "7 " + to_hex(revision(3)) + " " + to_hex(head(1));
  RevisionLog log;
  log.restore({{"revision/1", ""},
               {"revision/2", "x " + to_hex(revision(3))},
               {"revision/3", "7"},
               {"revision/4", "7 " + to_hex(revision(3)) + " 12"},
               {"revision/5", "99999999999999999999999 " + to_hex(revision(3))},
               {"revision/6", good},
               {"revision/8", good + " "},
               {"other", good}});
  EXPECT_EQ(log.size(), 1U);
  EXPECT_TRUE(log.find("03030303"));
}

}  // namespace
}  // namespace starling
