// The rules across scopes: the base, layers and "@fleet", from level 2 on (M4 to M6, M9, M10).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "starling/merge/tree_check.hpp"
#include "tests/unit/merge/build.hpp"

namespace starling::test {
namespace {

using State = ChangeFate::State;
using testing::ElementsAre;
using testing::Pointee;

constexpr std::string_view base_config =
    R"({"listeners":{"*:80":{"pass":"routes/main"}},"routes":{"main":[],"spare":[]},"settings":{"http":{"a":1}}})";

class Scopes : public testing::Test {
 protected:
  Scopes() { log.levels = {{Hlc{0}, {}, 2}}; }

  Log log;
  const RecordId base = log.write(1, {}, {set("", base_config)});

  State fate(const RecordId& id) const { return fate_of(log.folded(), id).state; }
  std::string reason(const RecordId& id) const { return fate_of(log.folded(), id).reason; }
  std::string standing(std::string_view scope, std::string_view pointer = "") const {
    const MergeResult result = log.folded();
    const json::value* value = find(scope_document(result.document, scope), at(pointer));
    return value != nullptr ? text(*value) : "nothing";
  }
};

TEST_F(Scopes, EachHasItsOwnDocumentAndNoneNeedBeDeclared) {
  log.write(10, {base}, {in("edge", set("/settings/http/a", "2")), in("lab", set("/settings/http/a", "3"))});
  EXPECT_EQ(standing("base", "/settings/http/a"), "1");
  EXPECT_EQ(standing("edge"), R"({"settings":{"http":{"a":2}}})");
  EXPECT_EQ(standing("lab"), R"({"settings":{"http":{"a":3}}})");
  EXPECT_EQ(standing("nowhere"), "{}");
}

TEST_F(Scopes, M9_OfNamesThatCantBeNothingIsTaken) {
  for (const std::string_view name : {"*", "Edge", "@other", "-edge", "a/b", "edge "}) {
    const RecordId id = log.write(10, {base}, {in(name, set("/settings/x", "1"))});
    EXPECT_EQ(reason(id), std::string(name) + ":/settings/x: there can be no such scope");
  }
  EXPECT_TRUE(is_layer_name(std::string(63, 'a')));
  EXPECT_FALSE(is_layer_name(std::string(64, 'a')));
  EXPECT_FALSE(is_layer_name("base"));
  EXPECT_FALSE(is_layer_name(""));
}

TEST_F(Scopes, M9_FromTheAnchorOnInTheOrderTheNewRulesHold) {
  log.levels = {{Hlc{20}, id_of(500), 2}};
  const Edit edit = in("edge", set("/settings/x", "1"));
  const RecordId before = log.write(19, {base}, {edit});
  const RecordId after = log.write(21, {base}, {edit});
  EXPECT_EQ(reason(before), "edge:/settings/x: this level of the merge knows no scope but base (M9)");
  EXPECT_EQ(fate(after), State::applied);
  // Of one clock the larger id comes first.
  log.changes.push_back({id_of(501), Hlc{20}, {"", "", false, {edit}}});
  log.changes.push_back({id_of(499), Hlc{20}, {"", "", false, {edit}}});
  EXPECT_EQ(fate(id_of(501)), State::skipped);
  EXPECT_EQ(fate(id_of(499)), State::applied);
}

TEST_F(Scopes, M4_ConflictsAreOfOneScopeAndSaySo) {
  const RecordId mine = log.write(10, {base},
                                  {in("edge", set("/settings/http/a", "2")),
                                   in("lab", set("/settings/x", "1")), set("/settings/x", "1")});
  log.write(11, {base}, {in("edge", set("/settings/http/a", "3")), set("/settings/http/a", "4")});
  const std::vector<Conflict> conflicts = log.folded().conflicts;
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].scope, "edge");
  EXPECT_EQ(conflicts[0].path, at("/settings/http/a"));
  EXPECT_THAT(conflicts[0].stood,
              Pointee(ElementsAre(in_base("/settings/x"), Place{"lab", at("/settings/x")})));
  EXPECT_EQ(reason(mine), "lost edge:/settings/http/a to a concurrent change");
}

TEST_F(Scopes, M4_RemovingALayerConflictsWithWhatWasSetInIt) {
  const RecordId first = log.write(10, {base}, {in("edge", set("/settings/x", "1"))});
  log.write(12, {first}, {in("edge", removal(""))});
  EXPECT_EQ(standing("edge"), "{}");
  const RecordId member = log.write(11, {first}, {in("edge", set("/settings/y", "1"))});
  EXPECT_EQ(standing("edge"), R"({"settings":{"x":1,"y":1}})") << "its parent was needed (M5)";
  ASSERT_EQ(log.folded().conflicts.size(), 1U);
  EXPECT_EQ(log.folded().conflicts[0].winner, member);
  EXPECT_EQ(log.folded().conflicts[0].path, Path{});
}

// Whichever of the two is later.
TEST_F(Scopes, M5_WhatAReferenceNeedsIsKeptInWhateverScopeItStands) {
  const RecordId routes = log.write(10, {base}, {in("edge", set("/routes/blue", "[]"))});
  for (const std::uint64_t time : {40U, 60U}) {
    Log other = log;
    const RecordId removing = other.write(time, {routes}, {in("edge", removal("/routes/blue"))});
    const RecordId needing = other.write(50, {routes}, {set("/listeners/*:80/pass", R"("routes/blue")")});
    const MergeResult result = other.folded();
    EXPECT_EQ(fate_of(result, removing).state, State::lost) << time;
    EXPECT_EQ(fate_of(result, needing).state, State::applied) << time;
    ASSERT_EQ(result.conflicts.size(), 1U);
    EXPECT_EQ(result.conflicts[0].kind, Conflict::Kind::removal_dropped);
    EXPECT_EQ(result.conflicts[0].scope, "edge");
  }
}

TEST_F(Scopes, M5_AReferenceInALayerKeepsWhatStandsInTheBase) {
  const RecordId removing = log.write(40, {base}, {removal("/routes/spare")});
  log.write(50, {base}, {in("edge", set("/listeners/*:80/pass", R"("routes/spare")"))});
  EXPECT_EQ(fate(removing), State::lost);
  EXPECT_EQ(standing("base", "/routes/spare"), "[]");
}

TEST_F(Scopes, M5_ALayerThatHasNothingOfTheKindCanBeRemoved) {
  const RecordId layer = log.write(10, {base}, {in("edge", set("/settings/x", "1"))});
  const RecordId removing = log.write(40, {layer}, {in("edge", removal(""))});
  log.write(50, {layer}, {set("/listeners/*:80/pass", R"("routes/spare")")});
  EXPECT_EQ(fate(removing), State::applied);
  EXPECT_EQ(standing("edge"), "{}");
}

TEST_F(Scopes, M6_AReferenceMayLeadIntoAnyScope) {
  const RecordId routes = log.write(10, {base}, {in("edge", set("/routes/blue", "[]"))});
  const RecordId refers =
      log.write(11, {routes}, {in("lab", set("/listeners/*:80/pass", R"("routes/blue")"))});
  EXPECT_EQ(fate(refers), State::applied);
  const RecordId removing = log.write(12, {refers}, {in("edge", removal("/routes/blue"))});
  EXPECT_EQ(reason(removing),
            "lab:/listeners/*:80/pass: Request \"pass\" points to invalid location \"routes/blue\".");
  log.write(13, {removing}, {set("/routes/blue", "[]")});
  const RecordId again = log.write(14, {removing}, {in("edge", removal(""))});
  EXPECT_EQ(fate(again), State::applied) << "the base has it too now";
}

TEST_F(Scopes, M6_ALayerMayLeaveOutWhatTheBaseHas) {
  const RecordId partial = log.write(10, {base}, {in("edge", set("/listeners/*:80/backlog", "64"))});
  EXPECT_EQ(fate(partial), State::applied);
  const RecordId incomplete = log.write(11, {base}, {set("/listeners/*:81/backlog", "64")});
  EXPECT_EQ(fate(incomplete), State::skipped);
  const RecordId form = log.write(12, {base}, {in("edge", set("/listeners/nowhere", "{}"))});
  EXPECT_EQ(reason(form), "edge:/listeners/nowhere: The listener address \"nowhere\" is invalid.");
  const RecordId type = log.write(13, {base}, {in("edge", set("/listeners", "5"))});
  EXPECT_EQ(fate(type), State::skipped);
  const RecordId scalar = log.write(14, {base}, {in("lab", set("", "5"))});
  EXPECT_EQ(reason(scalar), "lab:: The configuration must be an object, but not an integer number.");
}

TEST_F(Scopes, M6_LayersAndVariablesHaveAForm) {
  const auto refused = [&](std::string_view pointer, std::string_view value) {
    const RecordId id = log.write(10, {base}, {in("@fleet", set(pointer, value))});
    EXPECT_EQ(fate(id), State::skipped) << pointer << " " << value;
    return reason(id);
  };
  for (const std::string_view selector :
       {"", "site=syd", "site=syd,tier!=edge", "gpu", "a/b=x:y@z+1", " a = ", "a=,b"}) {
    const std::string value = R"({"selector":")" + std::string(selector) + R"(","priority":10})";
    Log other = log;
    const RecordId id = other.write(5, {base}, {in("@fleet", set("/layers/edge", value))});
    EXPECT_EQ(fate_of(other.folded(), id).state, selector == " a = " ? State::skipped : State::applied)
        << selector;
  }
  for (const std::string_view selector : {",", "a,", "=x", "!=x", "a b", "a=x,,b", "a==x", "a=$", "sité=x"}) {
    EXPECT_EQ(
        refused("/layers/edge/selector", '"' + std::string(selector) + '"'),
        "@fleet:/layers/edge/selector: A selector is terms like key=value, key!=value and key, with commas "
        "between.");
  }
  for (const std::string_view priority : {"-1", "1001", "1.5", "\"1\"", "null", "1e13"}) {
    EXPECT_EQ(refused("/layers/edge", R"({"selector":"a","priority":)" + std::string(priority) + "}"),
              "@fleet:/layers/edge/priority: A layer's priority is an integer from 0 to 1000.");
  }
  EXPECT_EQ(refused("/layers/edge", R"({"priority":1})"),
            "@fleet:/layers/edge: The layer has no \"selector\".");
  EXPECT_EQ(refused("/layers/edge", R"({"selector":"a","x":1})"),
            "@fleet:/layers/edge: Unknown parameter \"x\".");
  EXPECT_EQ(refused("/layers/edge", "[]"),
            "@fleet:/layers/edge: The \"edge\" value must be an object, but not an array.");
  refused("/layers/base", R"({"selector":"a"})");
  refused("/layers/Edge", R"({"selector":"a"})");
  refused("/layers", "1");
  refused("/variables/x", "1");
  refused("/variables/x y", "\"1\"");
  refused("/others", "{}");
  refused("", "[]");
  const RecordId variable = log.write(10, {base}, {in("@fleet", set("/variables/tenant.name", "\"x\""))});
  EXPECT_EQ(fate(variable), State::applied);
}

TEST_F(Scopes, M6_TheChangeThatWouldMakeOneLayerTooManyIsSkipped) {
  json::object layers;
  for (int i = 0; i < 1023; ++i) layers["l" + std::to_string(i)] = json::object{{"selector", "a"}};
  const RecordId most = log.write(5, {base}, {in("@fleet", set("/layers", canonical_json(layers)))});
  const RecordId last = log.write(10, {most}, {in("@fleet", set("/layers/x", R"({"selector":"a"})"))});
  // Its writer knew only 1023 of them.
  const RecordId late = log.write(11, {most}, {in("@fleet", set("/layers/y", R"({"selector":"a"})"))});
  EXPECT_EQ(fate(last), State::applied);
  EXPECT_EQ(fate(late), State::skipped);
  EXPECT_EQ(reason(late), "@fleet:/layers: There are at most 1024 layers.");
}

// There "pass" is no reference, and nothing there is one's target.
TEST_F(Scopes, M6_WhatTheFleetScopeHoldsIsNoConfiguration) {
  const RecordId id = log.write(10, {base}, {in("@fleet", set("/variables/pass", R"("routes/none")"))});
  EXPECT_EQ(fate(id), State::applied);
}

TEST_F(Scopes, M10_EveryScopeIsEmptiedByItself) {
  const RecordId layer =
      log.write(10, {base}, {in("edge", set("/listeners/*:81", R"({"pass":"routes/main"})"))});
  const RecordId emptied = log.write(11, {layer}, {in("edge", removal("/listeners"))});
  const RecordId both = log.write(12, {emptied}, {removal("/listeners/*:80")}, true);
  const MergeResult result = log.folded();
  ASSERT_EQ(result.emptied.size(), 2U);
  EXPECT_EQ(result.emptied.at("base"), (Emptying{both, true}));
  EXPECT_EQ(result.emptied.at("edge"), (Emptying{both, true})) << "it knew, and says that it is meant";
  log.write(13, {emptied}, {in("edge", set("/listeners/*:81", R"({"pass":"routes/main"})"))});
  EXPECT_FALSE(log.folded().emptied.contains("edge"));
}

}  // namespace
}  // namespace starling::test
