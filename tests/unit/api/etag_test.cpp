#include "starling/api/etag.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

const Path place{"base", "settings"};

TEST(Etag, OfTheWholeAndOfAPartAreToldApart) {
  RevisionId revision;
  revision.bytes.fill(0xab);
  EXPECT_EQ(whole_etag(revision), "\"" + to_hex(revision) + "\"");
  EXPECT_EQ(whole_etag(std::nullopt), "\"none\"");
  const json::value value = json::object();
  EXPECT_TRUE(part_etag(place, &value, &value).starts_with("\"path-"));
}

TEST(Etag, OfAPartIsThatOfItsValueHoweverWritten) {
  const json::value one = *parse_json(R"({"a": 1, "b": 2.0})");
  const json::value same = *parse_json(R"({"b": 2, "a": 1e0})");
  const json::value other = *parse_json("[]");
  EXPECT_EQ(part_etag(place, &one, &one), part_etag(place, &same, &same));
  EXPECT_NE(part_etag(place, &one, &one), part_etag(place, &other, &other));
}

TEST(Etag, OfAPartChangesWithWhatTheNodeIsGivenAndWithTheBase) {
  const json::value one = 1;
  const json::value two = 2;
  const std::set<std::string> all{part_etag(place, &one, &one), part_etag(place, &one, &two),
                                  part_etag(place, &two, &one), part_etag(place, &one, nullptr),
                                  part_etag(place, nullptr, &one)};
  EXPECT_EQ(all.size(), 5U);
}

TEST(Etag, OfAPartNamesItsPlace) {
  const json::value one = 1;
  const Path below{"base", "settings", "http"};
  EXPECT_NE(part_etag(place, &one, &one), part_etag(below, &one, &one));
  const std::string name = EtagList::parse(part_etag(place, &one, nullptr))->names().front();
  EXPECT_TRUE(names_a_part(name));
  EXPECT_TRUE(names_part(name, place));
  EXPECT_FALSE(names_part(name, below));
  EXPECT_FALSE(names_a_part("none"));
}

TEST(EtagList, IsOneOrSeveral) {
  const auto list = EtagList::parse(R"("a", W/"b" ,"c,d")");
  ASSERT_TRUE(list);
  EXPECT_FALSE(list->any());
  EXPECT_EQ(list->names(), (std::vector<std::string>{"a", "b", "c,d"}));
  EXPECT_TRUE(list->has_strong("\"a\""));
  EXPECT_TRUE(list->has_weak("\"a\""));
  EXPECT_FALSE(list->has_strong("\"b\"")) << "a weak one never fits If-Match";
  EXPECT_TRUE(list->has_weak("\"b\""));
  EXPECT_FALSE(list->has_weak("\"x\""));
  EXPECT_TRUE(EtagList::parse("*")->any());
}

TEST(EtagList, RefusesWhatIsNoList) {
  for (const std::string bad :
       {"", "a", "\"a", "\"a\" \"b\"", "\"a\",", ",\"a\"", "W/a", "w/\"a\"", "* , \"a\""}) {
    EXPECT_FALSE(EtagList::parse(bad)) << bad;
  }
  std::string many = "\"0\"";
  for (std::size_t i = 1; i < EtagList::max_tags; ++i) many += ", \"" + std::to_string(i) + "\"";
  EXPECT_TRUE(EtagList::parse(many));
  EXPECT_FALSE(EtagList::parse(many + ", \"x\""));
}

}  // namespace
}  // namespace starling
