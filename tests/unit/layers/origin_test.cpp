#include "starling/layers/origin.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

json::value parsed(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? std::move(*value) : json::value(nullptr);
}

const NodeFacts node{"n1", {}, "10.0.0.1"};

constexpr std::string_view tree_text = R"({
  "base": {"settings": {"http": {"a": 1, "b": 1}}, "hosts": {"{{node.name}}": {"x": 1}, "plain": {"y": "{{node.addr}}"}}},
  "low": {"settings": {"http": {"b": 2}, "low": {}}},
  "high": {"settings": {"http": {"b": 3, "c": 3}}},
  "@fleet": {"layers": {"low": {"selector": "", "priority": 1}, "high": {"selector": "", "priority": 2}}}})";

std::expected<std::vector<Edit>, ScopeFault> origins(EditOp op, Path path) {
  const json::value tree = parsed(tree_text);
  Edit edit{std::string(base_scope), std::move(path), op, {}};
  if (op == EditOp::set) edit.value = 9;
  return edits_of_scopes({edit}, compose(tree, {"low", "high"}), tree, node);
}

std::vector<std::string> scopes(EditOp op, Path path) {
  const auto edits = origins(op, std::move(path));
  EXPECT_TRUE(edits.has_value()) << (edits ? "" : edits.error().detail);
  std::vector<std::string> names;
  for (const Edit& edit : edits.value_or(std::vector<Edit>())) names.push_back(edit.scope);
  return names;
}

using Names = std::vector<std::string>;

TEST(Origin, AValueIsSetInTheScopeThatBroughtIt) {
  EXPECT_EQ(scopes(EditOp::set, {"settings", "http", "a"}), Names{"base"});
  EXPECT_EQ(scopes(EditOp::set, {"settings", "http", "b"}), Names{"high"});
  EXPECT_EQ(scopes(EditOp::set, {"settings", "http", "c"}), Names{"high"});
}

TEST(Origin, ANewOneGoesIntoTheLowestScopeThatHasItsParent) {
  EXPECT_EQ(scopes(EditOp::set, {"settings", "http", "new"}), Names{"base"});
  EXPECT_EQ(scopes(EditOp::set, {"settings", "low", "new"}), Names{"low"});
  EXPECT_EQ(scopes(EditOp::set, {"new"}), Names{"base"});
}

TEST(Origin, WhatIsRemovedIsRemovedFromEveryScopeThatHasIt) {
  EXPECT_EQ(scopes(EditOp::remove, {"settings", "http", "b"}), (Names{"base", "low", "high"}));
  EXPECT_EQ(scopes(EditOp::remove, {"settings", "http", "c"}), Names{"high"});
}

TEST(Origin, WhatATemplateFilledInIsRefusedByItsPath) {
  const std::vector<Path> filled_in{{"hosts", "n1"},         {"hosts", "n1", "x"}, {"hosts", "n1", "new"},
                                    {"hosts", "plain", "y"}, {"hosts", "plain"},   {"hosts"}};
  for (const Path& path : filled_in) {
    const auto refused = origins(EditOp::set, path);
    ASSERT_FALSE(refused.has_value()) << to_pointer(path);
    EXPECT_EQ(refused.error().path, path);
    EXPECT_NE(refused.error().detail.find("template"), std::string::npos);
  }
  EXPECT_EQ(scopes(EditOp::set, {"hosts", "plain", "z"}), Names{"base"});
  EXPECT_EQ(scopes(EditOp::set, {"hosts", "n2"}), Names{"base"});
}

TEST(Origin, WhatIsRenderedIsFoundWhereItIsWritten) {
  const json::value tree = parsed(tree_text);
  const Composed composed = compose(tree, {"low", "high"});
  EXPECT_EQ(written_at({"hosts", "n1", "x"}, composed, tree, node), (Path{"hosts", "{{node.name}}", "x"}));
  EXPECT_EQ(written_at({"hosts", "plain"}, composed, tree, node), (Path{"hosts", "plain"}));
  EXPECT_EQ(written_at({"hosts", "n2"}, composed, tree, node), std::nullopt);
  EXPECT_EQ(written_at({}, composed, tree, node), Path{});
}

// What is to be written for `wanted`, or the place whose template would be lost.
std::string written(std::string_view source, std::string_view wanted) {
  const json::value tree = json::object{{"base", parsed(source)}};
  const auto found = unfilled(parsed(wanted), compose(tree, {}), tree, node);
  return found ? canonical_json(*found) : to_pointer(found.error().path);
}

TEST(Unfilled, ATemplateStaysWhereWhatItWasFilledInWithDoes) {
  constexpr std::string_view source =
      R"({"a":"{{node.name}}","b":["x","{{node.addr}}"],"{{node.name}}":{"c":1}})";
  EXPECT_EQ(written(source, R"({"a":"n1","b":["x","10.0.0.1"],"n1":{"c":1}})"),
            canonical_json(parsed(source)));
  EXPECT_EQ(written(source, source), canonical_json(parsed(source)));
  EXPECT_EQ(written(source, R"({"a":"n1","b":["y","10.0.0.1"],"n1":{"c":2},"d":3})"),
            canonical_json(
                parsed(R"({"a":"{{node.name}}","b":["y","{{node.addr}}"],"d":3,"{{node.name}}":{"c":2}})")));
  EXPECT_EQ(written(R"({"a":"{{{{x"})", R"({"a":"{{x"})"), R"({"a":"{{{{x"})");
}

TEST(Unfilled, ElementsMayComeAndGoAroundIt) {
  EXPECT_EQ(written(R"(["x","{{node.name}}"])", R"(["n1"])"), R"(["{{node.name}}"])");
  EXPECT_EQ(written(R"(["{{node.name}}"])", R"(["y","n1","z"])"), R"(["y","{{node.name}}","z"])");
  EXPECT_EQ(written(R"(["{{node.name}}"])", R"(["y","{{node.name}}"])"), R"(["y","{{node.name}}"])");
}

TEST(Unfilled, WhatWouldLoseOneIsRefusedByItsPlace) {
  EXPECT_EQ(written(R"({"a":{"b":"{{node.name}}"}})", R"({"a":{"b":"n2"}})"), "/a/b");
  EXPECT_EQ(written(R"({"a":{"b":"{{node.name}}"}})", R"({"a":1})"), "/a");
  EXPECT_EQ(written(R"({"a":{"b":"{{node.name}}"}})", "{}"), "/a");
  EXPECT_EQ(written(R"({"{{node.name}}":1})", R"({"n2":1})"), "/{{node.name}}");
  EXPECT_EQ(written(R"({"a":["x","{{node.name}}"]})", R"({"a":["x"]})"), "/a/1");
  EXPECT_EQ(written(R"({"{{node.name}}":1})", R"({"n1":1,"{{node.name}}":2})"), "/{{node.name}}");
  // Which of the two is gone can't be told.
  EXPECT_EQ(written(R"({"a":["{{node.name}}","n{{{{","{{node.name}}"]})", R"({"a":["n1"]})"), "/a/1");
  EXPECT_EQ(written(R"({"a":"{{node.name}}"})", R"({"a":"{{node.addr}}"})"), R"({"a":"{{node.addr}}"})");
}

}  // namespace
}  // namespace starling
