#include "starling/layers/render.hpp"

#include <gtest/gtest.h>

#include "starling/layers/template.hpp"

namespace starling {
namespace {

json::value parsed(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? std::move(*value) : json::value(nullptr);
}

const NodeFacts sydney{"syd1", {{"site", "syd"}, {"tier", "edge"}}, "10.0.0.7"};
const NodeFacts berlin{"ber1", {{"site", "ber"}}, std::nullopt};

json::value rendered(std::string_view tree, const NodeFacts& facts = sydney) {
  auto document = render(parsed(tree), facts);
  EXPECT_TRUE(document.has_value()) << (document ? "" : document.error().detail);
  return document ? std::move(*document) : json::value(nullptr);
}

ScopeFault fault(std::string_view tree, const NodeFacts& facts = sydney) {
  auto document = render(parsed(tree), facts);
  EXPECT_FALSE(document.has_value()) << canonical_json(*document);
  return document ? ScopeFault{} : document.error();
}

constexpr std::string_view layered = R"({
  "base": {"listeners": {"*:80": {"pass": "routes"}}, "routes": [{"action": {"return": 200}}], "settings": {"a": 1}},
  "site": {"routes": [{"action": {"return": 201}}], "settings": {"b": 2}},
  "tier": {"settings": {"a": 3, "b": 4}},
  "unused": {"settings": {"c": 5}},
  "@fleet": {"layers": {"site": {"selector": "site=syd", "priority": 1}, "tier": {"selector": "tier"}}}
})";

TEST(Render, ANodeWithoutLabelsGetsTheBase) {
  EXPECT_EQ(rendered(layered, berlin), parsed(layered).at("base"));
}

TEST(Render, LayersLieOverTheBaseByPathTheHigherPriorityOnTop) {
  EXPECT_EQ(rendered(layered), parsed(R"({
    "listeners": {"*:80": {"pass": "routes"}}, "routes": [{"action": {"return": 201}}], "settings": {"a": 3, "b": 2}})"));
}

TEST(Render, OfEqualPrioritiesTheLaterNameLiesOnTop) {
  EXPECT_EQ(rendered(R"({"base": {"v": 0}, "a": {"v": 1}, "b": {"v": 2},
                         "@fleet": {"layers": {"b": {"selector": ""}, "a": {"selector": "", "priority": 0}}}})"),
            parsed(R"({"v": 2})"));
}

TEST(Render, WhatIsNoObjectReplacesAndNullRemovesNothing) {
  EXPECT_EQ(rendered(R"({"base": {"a": {"x": 1}, "b": [1, 2], "c": 3, "d": {"y": 1}},
                         "l": {"a": 1, "b": [3], "c": {"z": 1}, "d": null},
                         "@fleet": {"layers": {"l": {"selector": ""}}}})"),
            parsed(R"({"a": 1, "b": [3], "c": {"z": 1}, "d": null})"));
}

TEST(Render, ALayerThatHoldsNothingYetChangesNothing) {
  EXPECT_EQ(rendered(R"({"base": {"a": 1}, "@fleet": {"layers": {"l": {"selector": ""}}}})"),
            parsed(R"({"a": 1})"));
}

TEST(Render, NothingAtAllIsTheUnsetDocument) { EXPECT_EQ(rendered("{}"), empty_document()); }

TEST(Render, FillsInValuesAndMemberNames) {
  EXPECT_EQ(rendered(R"({
    "base": {"listeners": {"{{node.addr}}:80": {"pass": "routes/{{ vars.main }}"}},
             "list": ["{{node.name}}.{{node.labels.site}}.example", "plain", 1, null, true, {"x-{{node.name}}": "}}"}]},
    "@fleet": {"variables": {"main": "{{node.name}}"}}})"),
            parsed(R"({"listeners": {"10.0.0.7:80": {"pass": "routes/{{node.name}}"}},
                       "list": ["syd1.syd.example", "plain", 1, null, true, {"x-syd1": "}}"}]})"));
}

TEST(Render, FourBracesAreTwo) {
  EXPECT_EQ(rendered(R"({"base": {"a": "{{{{x}}", "b": "{{{{{{node.name}}", "c": "{ {x} }", "d": "{"}})"),
            parsed(R"({"a": "{{x}}", "b": "{{syd1", "c": "{ {x} }", "d": "{"})"));
}

TEST(Render, AnUnresolvedNameIsAFaultWithScopeAndPath) {
  constexpr std::string_view tree = R"({
    "base": {"a": {"b/c": ["x", "{{vars.none}}"]}},
    "l": {"k": {"{{node.labels.rack}}": 1}},
    "@fleet": {"layers": {"l": {"selector": "site=syd"}}}})";
  const ScopeFault of_base = fault(tree, berlin);
  EXPECT_EQ(of_base.scope, "base");
  EXPECT_EQ(to_pointer(of_base.path), "/a/b~1c/1");
  EXPECT_EQ(of_base.detail, R"({{vars.none}} stands for nothing: the fleet has no variable "none")");
  const ScopeFault of_layer = fault(R"({"base": {"k": {}}, "l": {"k": {"{{node.labels.rack}}": 1}},
                                        "@fleet": {"layers": {"l": {"selector": "site=syd"}}}})");
  EXPECT_EQ(of_layer.scope, "l");
  EXPECT_EQ(to_pointer(of_layer.path), "/k/{{node.labels.rack}}");
  EXPECT_NE(of_layer.detail.find("rack"), std::string::npos);
  EXPECT_NE(fault(R"({"base": {"a": "{{node.addr}}"}})", berlin).detail.find("config.toml"),
            std::string::npos);
  EXPECT_NE(fault(R"({"base": {"a": "{{node.colour}}"}})").detail.find("node.name"), std::string::npos);
}

TEST(Render, ALayerMaySpareANodeWhatItCannotFillIn) {
  EXPECT_EQ(rendered(R"({"base": {"a": "{{node.labels.none}}"}, "l": {"a": "set"},
                         "@fleet": {"layers": {"l": {"selector": ""}}}})"),
            parsed(R"({"a": "set"})"));
}

TEST(Render, TwoMembersThatGetOneNameAreAFault) {
  const ScopeFault same = fault(R"({"base": {"o": {"syd1": 1, "{{node.name}}": 2}}})");
  EXPECT_EQ(same.scope, "base");
  EXPECT_EQ(to_pointer(same.path), "/o/{{node.name}}");
  EXPECT_NE(same.detail.find("syd1"), std::string::npos);
  EXPECT_EQ(rendered(R"({"base": {"o": {"syd1": 1, "{{node.name}}": 2}}})", berlin),
            parsed(R"({"o": {"syd1": 1, "ber1": 2}})"));
}

TEST(Render, WhatIsNoTemplateIsAFault) {
  for (const std::string_view text : {"{{", "{{node.name", "{{}}", "{{ }}", "{{node name}}",
                                      "{{{node.name}}}", "{{\\n}}", "{{node.name}", "a {{{{ {{b"}) {
    const ScopeFault bad = fault(R"({"base": {"a": ")" + std::string(text) + R"("}})");
    EXPECT_EQ(to_pointer(bad.path), "/a") << text;
    EXPECT_NE(bad.detail.find("{{{{"), std::string::npos) << text << ": " << bad.detail;
  }
  EXPECT_FALSE(
      render(parsed(R"({"base": {"a": "{{)" + std::string(300, 'x') + R"(}}"}})"), sydney).has_value());
}

TEST(Render, WhatItGrowsToIsBounded) {
  std::string many = R"({"base": {"a": [)";
  for (int i = 0; i < 64; ++i) many += R"("{{vars.x}}",)";
  many += R"(""]}, "@fleet": {"variables": {"x": ")" + std::string(512 * 1024, 'x') + R"("}}})";
  EXPECT_NE(fault(many).detail.find("too large"), std::string::npos);
}

TEST(Render, DoesNotDependOnTheOrderInWhichMembersCame) {
  const auto one = render(parsed(R"({"base": {"b": "{{x}}", "a": "{{y}}"}})"), sydney);
  const auto other = render(parsed(R"({"base": {"a": "{{y}}", "b": "{{x}}"}})"), sydney);
  EXPECT_EQ(one.error().path, other.error().path);
  EXPECT_EQ(to_pointer(one.error().path), "/a");
}

TEST(Render, TellsWhichNamesADocumentDependsOn) {
  EXPECT_EQ(names_in(parsed(R"({"{{node.name}}": ["{{vars.x}}{{ node.addr }}", "{{{{vars.y}}", 1]})")),
            (std::set<std::string>{"node.addr", "node.name", "vars.x"}));
}

TEST(Layers, AreReadLowestFirst) {
  const auto layers = read_layers(parsed(R"({"@fleet": {"layers": {
    "c": {"selector": "x", "priority": 1}, "a": {"selector": "", "priority": 7}, "b": {"selector": "x=1"}}}})"));
  ASSERT_TRUE(layers.has_value());
  std::vector<std::string> names;
  for (const Layer& layer : *layers) names.push_back(layer.name);
  EXPECT_EQ(names, (std::vector<std::string>{"b", "c", "a"}));
  EXPECT_EQ(layer_json((*layers)[1]), parsed(R"({"selector": "x", "priority": 1})"));
}

TEST(Layers, SelectorsAreWrittenWithoutSpaceWhereverTheyAreIn) {
  const auto canonical = [](const Path& path, std::string_view value) {
    return canonical_json(with_canonical_selectors(path, parsed(value)));
  };
  constexpr std::string_view layer = R"({"priority":1,"selector":" tier != edge , site = syd"})";
  constexpr std::string_view told = R"({"priority":1,"selector":"site=syd,tier!=edge"})";
  const std::string all = R"({"a":)" + std::string(layer) + "}";
  const std::string all_told = R"({"a":)" + std::string(told) + "}";
  EXPECT_EQ(canonical({"layers", "a", "selector"}, R"("site = syd")"), R"("site=syd")");
  EXPECT_EQ(canonical({"layers", "a"}, layer), told);
  EXPECT_EQ(canonical({"layers"}, all), all_told);
  EXPECT_EQ(canonical({}, R"({"layers":)" + all + "}"), R"({"layers":)" + all_told + "}");
  // What is none, and what is no layer's.
  EXPECT_EQ(canonical({"layers", "a", "selector"}, R"("a = ,")"), R"("a = ,")");
  EXPECT_EQ(canonical({"layers", "a"}, R"({"selector":1})"), R"({"selector":1})");
  EXPECT_EQ(canonical({"layers", "a"}, "[]"), "[]");
  EXPECT_EQ(canonical({"variables", "selector"}, R"("a = b")"), R"("a = b")");
}

TEST(Layers, TheirDefinitionsAreChecked) {
  const std::vector<std::pair<std::string_view, std::string_view>> wrong{
      {R"({"layers": 1})", "/layers"},
      {R"({"layers": {"base": {"selector": ""}}})", "/layers/base"},
      {R"({"layers": {"Edge": {"selector": ""}}})", "/layers/Edge"},
      {R"({"layers": {"": {"selector": ""}}})", "/layers/"},
      {R"({"layers": {"edge": "x=1"}})", "/layers/edge"},
      {R"({"layers": {"edge": {}}})", "/layers/edge/selector"},
      {R"({"layers": {"edge": {"selector": 1}}})", "/layers/edge/selector"},
      {R"({"layers": {"edge": {"selector": "a,,b"}}})", "/layers/edge/selector"},
      {R"({"layers": {"edge": {"selector": "", "priority": "1"}}})", "/layers/edge/priority"},
      {R"({"layers": {"edge": {"selector": "", "priority": 1.5}}})", "/layers/edge/priority"},
      {R"({"layers": {"edge": {"selector": "", "priority": 1001}}})", "/layers/edge/priority"},
      {R"({"layers": {"edge": {"selector": "", "priority": -1}}})", "/layers/edge/priority"},
      {R"({"layers": {"edge": {"selector": "", "weight": 1, "colour": 2}}})", "/layers/edge/colour"},
  };
  for (const auto& [scope, place] : wrong) {
    const auto layers = read_layers(json::object{{"@fleet", parsed(scope)}});
    ASSERT_FALSE(layers.has_value()) << scope;
    EXPECT_EQ(layers.error().scope, "@fleet");
    EXPECT_EQ(to_pointer(layers.error().path), place) << layers.error().detail;
    EXPECT_FALSE(layers.error().detail.empty());
  }
  EXPECT_TRUE(read_layers(parsed("{}"))->empty());
  EXPECT_EQ(read_layers(parsed(R"({"@fleet": {"layers": {"l": {"selector": "", "priority": 1e1}}}})"))
                ->front()
                .priority,
            10);
}

TEST(Layers, TheirNamesAndThoseOfVariablesArePlain) {
  EXPECT_TRUE(check_layer_name("edge-1.syd_a").has_value());
  EXPECT_TRUE(check_variable_name("Tenant-1.a_b").has_value());
  for (const std::string_view name : {"", "base", "@fleet", "Edge", "-a", "a b", "a/b"})
    EXPECT_EQ(check_layer_name(name).error().code, Errc::invalid_argument) << name;
  for (const std::string_view name : {"", "a b", "a/b", "{{x}}"})
    EXPECT_EQ(check_variable_name(name).error().code, Errc::invalid_argument) << name;
  EXPECT_FALSE(check_layer_name(std::string(64, 'a')).has_value());
  EXPECT_FALSE(check_variable_name(std::string(65, 'a')).has_value());
}

TEST(Layers, AWrongDefinitionRendersNothing) {
  const ScopeFault bad = fault(R"({"base": {}, "@fleet": {"layers": {"edge": {"priority": 1}}}})");
  EXPECT_EQ(bad.scope + to_pointer(bad.path), "@fleet/layers/edge/selector");
}

}  // namespace
}  // namespace starling
