#include "starling/api/config_edits.hpp"

#include <gtest/gtest.h>

#include "starling/merge/fold.hpp"

namespace starling {
namespace {

json::value parse(std::string_view text) { return *parse_json(text); }

const json::value document =
    parse(R"({"listeners": {"*:80": {"pass": "routes"}}, "routes": [{"action": {"return": 200}}]})");

// Whatever is proposed, its edits lead from the present document to the proposed one.
json::value must(const Proposed& proposed) {
  EXPECT_TRUE(proposed.has_value());
  json::value applied = document;
  for (const Edit& edit : proposed->edits) apply_edit(applied, edit);
  EXPECT_TRUE(same_json(applied, proposed->document));
  return proposed->document;
}

TEST(Put, CreatesAndReplacesTheLastSegment) {
  EXPECT_TRUE(find(must(propose_put(document, {"listeners", "*:81"}, parse(R"({"pass": "routes"})"))),
                   {"listeners", "*:81", "pass"}));
  EXPECT_EQ(*find(must(propose_put(document, {"routes", "0", "action", "return"}, 404)),
                  {"routes", "0", "action", "return"}),
            404);
  EXPECT_EQ(find(must(propose_put(document, {"routes", "1"}, parse("{}"))), {"routes"})->get_array().size(),
            2U);
}

TEST(Put, IsNotFoundBelowWhatIsNotThereAndBelowAScalar) {
  for (const Path& path : {Path{"nothing", "x"}, Path{"listeners", "*:80", "pass", "x"}, Path{"routes", "2"},
                           Path{"routes", "-1"}}) {
    const auto refused = propose_put(document, path, 1);
    ASSERT_FALSE(refused) << to_pointer(path);
    EXPECT_EQ(refused.error().status, 404);
  }
}

TEST(Put, M2_NoEditCrossesAnArray) {
  const auto proposed = propose_put(document, {"routes", "0", "action", "return"}, 404);
  ASSERT_TRUE(proposed);
  ASSERT_EQ(proposed->edits.size(), 1U);
  EXPECT_EQ(proposed->edits[0].path, Path{"routes"});
}

TEST(Post, AppendsToAnArrayOnly) {
  const auto proposed = propose_post(document, {"routes"}, parse(R"({"action": {"return": 204}})"));
  must(proposed);
  EXPECT_EQ(proposed->edits[0].op, EditOp::append);
  EXPECT_EQ(propose_post(document, {"listeners"}, 1).error().status, 405);
  EXPECT_EQ(propose_post(document, {}, 1).error().status, 405);
  EXPECT_EQ(propose_post(document, {"nothing"}, 1).error().status, 404);
}

TEST(PutWithParents, MakesTheObjectsThatAreMissing) {
  EXPECT_EQ(*find(must(propose_put_with_parents(document, {"settings", "http", "a"}, 1)), {"settings"}),
            parse(R"({"http": {"a": 1}})"));
  EXPECT_EQ(propose_put_with_parents(json::object(), {"a", "b"}, 1)->document, parse(R"({"a": {"b": 1}})"));
  EXPECT_EQ(*find(must(propose_put_with_parents(document, {"routes", "0", "match", "uri"}, "/x")),
                  {"routes", "0", "match"}),
            parse(R"({"uri": "/x"})"));
  EXPECT_EQ(must(propose_put_with_parents(document, {}, parse("{}"))), parse("{}"));
  for (const Path& path :
       {Path{"listeners", "*:80", "pass", "x"}, Path{"routes", "2", "action"}, Path{"routes", "x", "y"}})
    EXPECT_EQ(propose_put_with_parents(document, path, 1).error().status, 404) << to_pointer(path);
}

TEST(Delete, RemovesAndShifts) {
  EXPECT_TRUE(must(propose_delete(document, {})).get_object().empty());
  EXPECT_TRUE(find(must(propose_delete(document, {"routes", "0"})), {"routes"})->get_array().empty());
  EXPECT_EQ(propose_delete(document, {"routes", "1"}).error().status, 404);
}

}  // namespace
}  // namespace starling
