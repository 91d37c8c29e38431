#include "starling/layers/selector.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

using Labels = std::map<std::string, std::string>;

Selector parsed(std::string_view text) {
  auto selector = Selector::parse(text);
  EXPECT_TRUE(selector.has_value()) << text << ": " << (selector ? "" : selector.error().message);
  return selector.value_or(Selector());
}

TEST(Selector, EveryTermMustHold) {
  const Selector selector = parsed("site=syd,tier=edge");
  EXPECT_TRUE(selector.matches({{"site", "syd"}, {"tier", "edge"}, {"rack", "7"}}));
  EXPECT_FALSE(selector.matches({{"site", "syd"}}));
  EXPECT_FALSE(selector.matches({{"site", "syd"}, {"tier", "core"}}));
  EXPECT_FALSE(selector.matches({}));
}

TEST(Selector, ABareKeyAsksOnlyThatTheLabelIsThere) {
  EXPECT_TRUE(parsed("edge").matches({{"edge", ""}}));
  EXPECT_FALSE(parsed("edge").matches({{"tier", "edge"}}));
}

TEST(Selector, ANodeWithoutTheLabelHasNoValueOfIt) {
  EXPECT_TRUE(parsed("tier!=db").matches({}));
  EXPECT_TRUE(parsed("tier!=db").matches({{"tier", "edge"}}));
  EXPECT_FALSE(parsed("tier!=db").matches({{"tier", "db"}}));
  EXPECT_TRUE(parsed("tier,tier!=db").matches({{"tier", ""}}));
  EXPECT_FALSE(parsed("tier=").matches({}));
}

TEST(Selector, NoTermAtAllSelectsEveryNode) {
  EXPECT_TRUE(parsed("").matches({}));
  EXPECT_TRUE(parsed("  ").matches({{"a", "b"}}));
}

TEST(Selector, HasOneTextForAllSpellings) {
  EXPECT_EQ(parsed(" tier != db , site=syd,edge,site=syd").to_string(), "edge,site=syd,tier!=db");
  EXPECT_EQ(parsed("edge,site=syd,tier!=db"), parsed("tier!=db,site=syd,edge"));
  EXPECT_EQ(parsed("").to_string(), "");
}

TEST(Selector, RefusesWhatIsNoTerm) {
  for (const std::string_view text : {",", "a,", ",a", "a,,b", "=", "!=x", "=x", "a=b=c", "a!b", "a=b!",
                                      "a b=c", "a=b c", "a={{x}}", "\xc3\xa4=1", "a=\n", "a=b,\t"}) {
    const auto selector = Selector::parse(text);
    ASSERT_FALSE(selector.has_value()) << text;
    EXPECT_EQ(selector.error().code, Errc::invalid_argument) << text;
  }
}

TEST(Selector, IsBounded) {
  std::string terms = "k0";
  for (std::size_t i = 1; i < max_selector_terms; ++i) terms += ",k" + std::to_string(i);
  EXPECT_TRUE(Selector::parse(terms).has_value());
  EXPECT_EQ(Selector::parse(terms + ",more").error().code, Errc::limit);
  EXPECT_EQ(Selector::parse(std::string(max_selector_bytes + 1, ' ')).error().code, Errc::limit);
  EXPECT_TRUE(Selector::parse(std::string(64, 'k') + "=" + std::string(64, 'v')).has_value());
  EXPECT_FALSE(Selector::parse(std::string(65, 'k')).has_value());
  EXPECT_FALSE(Selector::parse("k=" + std::string(65, 'v')).has_value());
}

TEST(Labels, AreWhatSelectorsCanName) {
  EXPECT_TRUE(check_label("app.example/tier-1", "10.0.0.1:80").has_value());
  EXPECT_TRUE(check_label("edge", "").has_value());
  for (const std::string_view key : {"", "a=b", "a,b", "a b", "a!"})
    EXPECT_FALSE(check_label_key(key).has_value()) << key;
  for (const std::string_view value : {"a,b", "a=b", "a b", "{{x}}"})
    EXPECT_FALSE(check_label("key", value).has_value()) << value;
}

}  // namespace
}  // namespace starling
