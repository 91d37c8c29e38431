#include "starling/api/change_request.hpp"

#include <gtest/gtest.h>

#include "starling/merge/fold.hpp"

namespace starling {
namespace {

json::value parse(std::string_view text) { return *parse_json(text); }

const json::value tree =
    parse(R"({"base": {"routes": {"main": [{"a": 1}]}, "settings": {"http": {"x": 1}}}})");

std::vector<Edit> edits_of(std::string_view list) {
  auto request = parse_change_request(R"({"edits": )" + std::string(list) + "}");
  EXPECT_TRUE(request) << (request ? "" : request.error().detail);
  return request ? std::move(request->edits) : std::vector<Edit>();
}

// The proposal's document; its edits lead there.
json::value document_after(std::string_view list) {
  const auto proposal = propose_edits(tree, edits_of(list));
  if (!proposal) {
    ADD_FAILURE() << proposal.error().detail;
    return nullptr;
  }
  json::value followed = tree;
  for (const Edit& edit : proposal->edits) EXPECT_TRUE(apply_to_tree(followed, edit));
  EXPECT_EQ(canonical_json(followed), canonical_json(proposal->document));
  return proposal->document;
}

std::vector<std::size_t> faulty(std::string_view list) {
  const auto proposal = propose_edits(tree, edits_of(list));
  std::vector<std::size_t> indices;
  if (!proposal) {
    for (const RequestFault::OfEdit& fault : proposal.error().edits) indices.push_back(fault.index);
  }
  return indices;
}

TEST(ChangeRequest, KeepsWhoWhyAndTheEdits) {
  const auto request = parse_change_request(
      R"({"actor": "alice", "message": "why", "edits": [{"scope": "edge", "path": "/a~1b/c", "op": "set", "value": null},
                                                         {"path": "/x", "op": "remove"}]})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->actor, "alice");
  EXPECT_EQ(request->message, "why");
  ASSERT_EQ(request->edits.size(), 2U);
  EXPECT_EQ(request->edits[0].scope, "edge");
  EXPECT_EQ(request->edits[0].path, (Path{"a/b", "c"}));
  EXPECT_EQ(*request->edits[0].value, json::value(nullptr));
  EXPECT_EQ(request->edits[1].scope, base_scope);
  EXPECT_FALSE(request->edits[1].value);
}

TEST(ChangeRequest, NamesEachEditThatIsNone) {
  const auto request = parse_change_request(
      R"({"edits": [{"path": "/ok", "op": "remove"}, 7, {"path": "x", "op": "remove"}, {"path": "/a", "op": "move"},
                    {"path": "/a", "op": "set"}, {"path": "/a", "op": "remove", "value": 1}, {"op": "remove"},
                    {"scope": "Bad", "path": "/a", "op": "remove"}, {"path": "/a", "op": "set", "vaule": 1}]})");
  ASSERT_FALSE(request);
  ASSERT_EQ(request.error().edits.size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(request.error().edits[i].index, i + 1);
  EXPECT_EQ(request.error().edits[1].place, "x");
  EXPECT_TRUE(request.error().detail.contains("8 edits can't be made: edit 1"));
}

TEST(ChangeRequest, RefusesWhatIsNoRequest) {
  for (const std::string bad : {"", "x", "[]", "{}", R"({"edits": []})", R"({"edits": {}})",
                                R"({"edits": [{"path": "/a", "op": "remove"}], "x": 1})",
                                R"({"edits": [{"path": "/a", "op": "remove"}], "message": 1})"}) {
    const auto request = parse_change_request(bad);
    ASSERT_FALSE(request) << bad;
    EXPECT_TRUE(request.error().edits.empty());
    EXPECT_TRUE(request.error().detail.contains("Nothing has changed"));
  }
}

TEST(ChangeRequest, TheWholeOfAScopeIsAnObject) {
  EXPECT_TRUE(parse_change_request(R"({"edits": [{"path": "", "op": "set", "value": {}}]})"));
  EXPECT_TRUE(parse_change_request(R"({"edits": [{"scope": "edge", "path": "", "op": "remove"}]})"));
  EXPECT_FALSE(parse_change_request(R"({"edits": [{"path": "", "op": "set", "value": []}]})"));
  EXPECT_FALSE(parse_change_request(R"({"edits": [{"path": "", "op": "append", "value": {}}]})"));
}

TEST(ChangeRequest, IsBounded) {
  const auto with_message = [](std::size_t size) {
    return parse_change_request(R"({"edits": [{"path": "/a", "op": "remove"}], "message": ")" +
                                std::string(size, 'm') + "\"}");
  };
  EXPECT_TRUE(with_message(max_message_bytes));
  EXPECT_FALSE(with_message(max_message_bytes + 1));
  std::string many = R"({"edits": [)";
  for (std::size_t i = 0; i <= max_edits; ++i) many += (i > 0 ? "," : "") + std::string("1");
  EXPECT_FALSE(parse_change_request(many + "]}"));
  std::string deep = R"({"edits": [{"op": "remove", "path": ")";
  for (std::size_t i = 0; i < max_path_segments; ++i) deep += "/x";
  EXPECT_FALSE(parse_change_request(deep + "\"}]}"));
}

TEST(ChangeRequest, TellsOfAHundredFaultsAtMost) {
  std::string list = R"({"edits": [1)";
  for (int i = 0; i < 200; ++i) list += ",1";
  const auto request = parse_change_request(list + "]}");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().edits.size(), RequestFault::most_told);
  EXPECT_TRUE(request.error().detail.starts_with("201 edits"));
}

TEST(ProposedEdits, EachBuildsOnTheOneBefore) {
  EXPECT_EQ(document_after(R"([{"path": "/routes/new", "op": "set", "value": []},
                               {"path": "/routes/new", "op": "append", "value": 1},
                               {"path": "/routes/new/1", "op": "set", "value": 2},
                               {"path": "/routes/new/0", "op": "remove"},
                               {"path": "/routes/main", "op": "remove"}])"),
            parse(R"({"base": {"routes": {"new": [2]}, "settings": {"http": {"x": 1}}}})"));
}

TEST(ProposedEdits, MakeTheObjectsAboveWhatIsSet) {
  EXPECT_EQ(*find(document_after(R"([{"path": "/a/b/c", "op": "set", "value": 1}])"), {"base", "a"}),
            parse(R"({"b": {"c": 1}})"));
}

TEST(ProposedEdits, OfAScopeNeedItsLayer) {
  constexpr std::string_view define =
      R"({"scope": "@fleet", "path": "/layers/edge", "op": "set", "value": {"selector": "a"}})";
  constexpr std::string_view fill = R"({"scope": "edge", "path": "/a", "op": "set", "value": 1})";
  EXPECT_EQ(faulty("[" + std::string(fill) + "]"), std::vector<std::size_t>{0});
  // In whatever order.
  EXPECT_EQ(*find(document_after("[" + std::string(fill) + "," + std::string(define) + "]"), {"edge"}),
            parse(R"({"a": 1})"));
  const json::value left_over = parse(R"({"base": {}, "edge": {"a": 1, "b": 1}})");
  EXPECT_TRUE(propose_edits(left_over, edits_of(R"([{"scope": "edge", "path": "/a", "op": "remove"}])")));
  EXPECT_FALSE(
      propose_edits(left_over, edits_of(R"([{"scope": "edge", "path": "/a", "op": "set", "value": 2}])")));
}

TEST(ProposedEdits, SelectorsAreOfTheFormThatTheMergeReads) {
  const json::value after = document_after(
      R"([{"scope": "@fleet", "path": "/layers/edge", "op": "set", "value": {"selector": "site = syd"}}])");
  EXPECT_EQ(*find(after, {"@fleet", "layers", "edge", "selector"}), json::value("site=syd"));
  EXPECT_FALSE(validate_tree(after, newest_merge_level));
}

TEST(ProposedEdits, FaultsAreNamedAndNothingIsProposed) {
  EXPECT_EQ(
      faulty(R"([{"path": "/settings/http/x", "op": "set", "value": 2}, {"path": "/no", "op": "remove"}])"),
      std::vector<std::size_t>{1});
  EXPECT_EQ(
      faulty(
          R"([{"path": "/no", "op": "append", "value": 1}, {"path": "/settings", "op": "append", "value": 1},
                       {"path": "/settings/http/x/y", "op": "set", "value": 1},
                       {"path": "/routes/main/7", "op": "set", "value": 1},
                       {"path": "/routes/main/x", "op": "set", "value": 1},
                       {"path": "/routes/main/7/a", "op": "set", "value": 1},
                       {"path": "/routes/main/1", "op": "remove"}])"),
      (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(ProposedEdits, M2_AnAppendStaysOneWhereNothingElseTouchesItsArray) {
  const auto ops = [](std::string_view list) {
    std::string text;
    for (const Edit& edit : propose_edits(tree, edits_of(list))->edits)
      text += (edit.op == EditOp::append ? "append " : "set ") + to_pointer(edit.path) + ";";
    return text;
  };
  EXPECT_EQ(ops(R"([{"path": "/routes/main", "op": "append", "value": 1},
                    {"path": "/routes/main", "op": "append", "value": 2},
                    {"path": "/settings/http/x", "op": "set", "value": 2}])"),
            "set /settings/http/x;append /routes/main;append /routes/main;");
  EXPECT_EQ(
      ops(R"([{"path": "/routes/main", "op": "append", "value": 1}, {"path": "/routes/main/0", "op": "remove"}])"),
      "set /routes/main;");
  EXPECT_EQ(ops(R"([{"path": "/routes", "op": "set", "value": {"main": []}},
                    {"path": "/routes/main", "op": "append", "value": 1}])"),
            "set /routes/main;");
}

TEST(ChangeRequest, WhatIsNotThereIsToldFromWhatCannotBe) {
  const json::value present = *parse_json(R"({"base": {"settings": {}}})");
  const auto is_absence = [&](const char* list) {
    return propose_edits(present, edits_of(list)).error().is_absence;
  };
  EXPECT_TRUE(is_absence(R"([{"path": "/x", "op": "remove"}, {"path": "/y", "op": "append", "value": 1}])"));
  EXPECT_FALSE(
      is_absence(R"([{"path": "/x", "op": "remove"}, {"path": "/settings", "op": "append", "value": 1}])"));
  EXPECT_FALSE(parse_change_request("{}").error().is_absence);
}

}  // namespace
}  // namespace starling
