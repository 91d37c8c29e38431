// What operators can do about the history itself, through the API of a whole node.
#include <gtest/gtest.h>

#include "sim/world.hpp"
#include "starling/api/handlers/metrics_handler.hpp"
#include "starling/api/router.hpp"
#include "starling/charter/charter_records.hpp"
#include "tests/support/prometheus.hpp"

namespace starling::sim {
namespace {

using std::chrono::seconds;

class LogApiTest : public ::testing::Test {
 protected:
  LogApiTest() {
    world.start_all();
    EXPECT_TRUE(world.run_until_joined(seconds(30)));
    EXPECT_TRUE(world.write(0, {"settings", "http", "max_body_size"}, 1000));
  }
  std::pair<int, json::object> ask(HttpMethod method, std::string target, std::string body = {},
                                   std::size_t node = 0) {
    HttpRequest request;
    request.method = method;
    request.target = std::move(target);
    EXPECT_TRUE(split_target(request));
    request.body = std::move(body);
    const HttpResponse response = world.runtime().run(route(world.node(node).api(), std::move(request)));
    const auto parsed = parse_json(response.body);
    return {response.status, parsed && parsed->is_object() ? parsed->get_object() : json::object()};
  }
  // How many changes are held, by all that tell of it, with as many alarms.
  std::uint64_t held() {
    const json::object status = ask(HttpMethod::get, "/v1/status").second;
    const auto count = status.at("changes_held").to_number<std::uint64_t>();
    EXPECT_EQ(status.at("alarms").as_array().size(), count);
    EXPECT_EQ(ask(HttpMethod::get, "/v1/alarms").second.at("alarms"), status.at("alarms"));
    const auto numbers = libp2p::test::read_prometheus(get_metrics(world.node(0).api()).body);
    EXPECT_EQ(numbers.at("starling_changes_held"), count);
    EXPECT_EQ(numbers.at("starling_alarms{kind=\"held\"}"), count);
    return count;
  }
  // By node 1, as a copy of it would.
  RecordPtr forge(json::value value, Hlc hlc) {
    Fleet& fleet = world.node(1).fleet();
    Record record;
    record.fleet = fleet.id();
    record.kind = RecordKind::change;
    record.author = fleet.node();
    record.incarnation = 7;
    record.seq = 1;
    record.hlc = hlc;
    record.grant = fleet.charter().member(fleet.node())->grant;
    Change change;
    change.edits.push_back(
        {std::string(base_scope), {"settings", "http", "max_body_size"}, EditOp::set, value});
    record.body = change.to_body();
    return *sign_record(record, world.key(1));
  }
  Hlc now() { return Hlc::at(world.runtime().env().clock.wall()); }
  static std::string text(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  }

  World world{{.seed = 5, .nodes = 2}};
};

TEST_F(LogApiTest, AForkIsShownAndANodeThatIsNoAdminCannotRule) {
  EXPECT_TRUE(ask(HttpMethod::get, "/v1/forks").second.at("forks").as_array().empty());
  const RecordPtr left = forge(1, now());
  const RecordPtr right = forge(2, now());
  EXPECT_TRUE(world.runtime().run(world.node(0).fleet().accept({left, right})));
  const auto [status, body] = ask(HttpMethod::get, "/v1/forks?of=" + to_cid(left->id));
  ASSERT_EQ(status, 200);
  ASSERT_EQ(body.at("forks").as_array().size(), 1U);
  const json::object& fork = body.at("forks").as_array().front().as_object();
  EXPECT_EQ(text(fork, "chain").substr(text(fork, "chain").size() - 17), "/0000000000000007");
  EXPECT_EQ(fork.at("branches").as_array().size(), 2U);
  EXPECT_TRUE(fork.at("ruling").is_null());
  const auto rule = [&](const std::string& of, const std::string& stands) {
    return ask(HttpMethod::post, "/v1/forks", canonical_json(json::object{{"of", of}, {"stands", stands}}));
  };
  EXPECT_EQ(rule(text(fork, "chain"), to_cid(right->id)).first, 403);
  EXPECT_EQ(rule("nonsense", "none").first, 400);
  EXPECT_EQ(rule(to_cid(left->id), to_cid(world.node(0).fleet().id())).first, 404);
  EXPECT_EQ(ask(HttpMethod::post, "/v1/forks", "[]").first, 400);
  EXPECT_EQ(ask(HttpMethod::post, "/v1/anchors").first, 403);
  EXPECT_EQ(ask(HttpMethod::post, "/v1/checkpoints").first, 403);
}

TEST_F(LogApiTest, HeldChangesAreDiscardedOrProposedAnew) {
  const RecordPtr early = forge(2000, Hlc::at(world.runtime().env().clock.wall() + std::chrono::hours(1)));
  EXPECT_TRUE(world.runtime().run(world.node(0).fleet().accept({early})));
  const std::string path = "/v1/changes/" + to_cid(early->id);
  world.run_for(seconds(6));
  EXPECT_EQ(held(), 1U);
  const json::object alarm =
      ask(HttpMethod::get, "/v1/alarms").second.at("alarms").as_array().at(0).as_object();
  EXPECT_EQ(text(alarm, "kind") + " " + text(alarm, "what"), "held " + to_cid(early->id));
  EXPECT_EQ(text(alarm, "name"), "node1");
  EXPECT_GE(alarm.at("age_ms").to_number<std::int64_t>(), 0);
  EXPECT_EQ(text(ask(HttpMethod::get, path).second, "state"), "held");
  const auto [status, body] = ask(HttpMethod::post, path + "/repropose");
  EXPECT_EQ(status, 200);
  EXPECT_EQ(text(ask(HttpMethod::get, path).second, "state"), "void");
  world.run_for(seconds(6));
  EXPECT_EQ(held(), 0U);
  EXPECT_EQ(text(ask(HttpMethod::get, "/v1/changes/" + text(body, "id")).second, "state"), "applied");
  EXPECT_EQ(ask(HttpMethod::post, path + "/discard").first, 409);
  EXPECT_EQ(ask(HttpMethod::post, "/v1/changes//discard").first, 400);
  EXPECT_EQ(ask(HttpMethod::post, "/v1/changes/nonsense/discard").first, 400);
}

TEST_F(LogApiTest, AClockThatIsTooFarAheadIsToldByTheNodeAndByOthers) {
  world.set_clock_error(1, std::chrono::minutes(10));
  ASSERT_TRUE(world.run_until(
      [&] { return !ask(HttpMethod::get, "/v1/alarms").second.at("alarms").as_array().empty(); },
      std::chrono::minutes(3)));
  for (const std::size_t asked : {std::size_t{0}, std::size_t{1}}) {
    const json::object alarm =
        ask(HttpMethod::get, "/v1/alarms", {}, asked).second.at("alarms").as_array().at(0).as_object();
    EXPECT_EQ(text(alarm, "kind") + " " + text(alarm, "name") + " " + text(alarm, "what"),
              "clock node1 ahead of");
    const json::object nodes = ask(HttpMethod::get, "/v1/nodes", {}, asked).second;
    for (const json::value& node : nodes.at("nodes").as_array()) {
      const auto offset = node.at("clock_offset_ms").to_number<std::int64_t>();
      EXPECT_NEAR(static_cast<double>(offset), text(node.as_object(), "name") == "node1" ? -600e3 : 0, 1000);
    }
  }
}

TEST_F(LogApiTest, WhatRootIsToSignCanBeAskedFor) {
  const auto [status, body] = ask(HttpMethod::get, "/v1/checkpoints/next");
  ASSERT_EQ(status, 200);
  const auto bytes = libp2p::from_hex(text(body, "body"));
  ASSERT_TRUE(bytes);
  const auto checkpoint = Checkpoint::from_body(*bytes);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->anchor.revision, world.node(0).fleet().revision());
  EXPECT_TRUE(
      Anchor::from_body(*libp2p::from_hex(text(ask(HttpMethod::get, "/v1/anchors/next").second, "body"))));
}

}  // namespace
}  // namespace starling::sim
