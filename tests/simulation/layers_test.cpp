// One fleet, many shapes, on virtual time: every node renders for itself what its labels select.
#include <gtest/gtest.h>

#include "sim/world.hpp"
#include "starling/api/router.hpp"
#include "starling/changelog/anchor.hpp"
#include "starling/fleet/author.hpp"
#include "starling/layers/layer.hpp"
#include "starling/merge/levels.hpp"
#include "starling/merge/revision.hpp"

namespace starling {
namespace {

using sim::World;

json::value parsed(std::string_view text) { return *parse_json(text); }

// The root key that World founds its fleets with.
PrivateKey root_key() {
  std::array<std::uint8_t, 32> seed{};
  libp2p::store_be(std::uint64_t{1'000'001}, seed.data());
  return PrivateKey::ed25519_from_seed(seed);
}

class LayeredFleet : public ::testing::Test {
 protected:
  void begin(std::size_t nodes) {
    world_.emplace(sim::WorldConfig{.seed = 41, .nodes = nodes});
    world_->start_all();
    ASSERT_TRUE(world_->run_until_joined(std::chrono::minutes(2)));
    const Changelog& log = world_->node(0).fleet().log();
    root_says(RecordKind::anchor, Anchor{log.vector(), revision_of(unset_tree(), 2), 2}.to_body());
    must_write(0, "base", {}, R"({"listeners": {"*:80": {"pass": "routes"}},
                                  "routes": [{"action": {"return": 302, "location": "/{{node.name}}"}}]})");
    must_write(0, "@fleet", {"layers", "syd"}, R"({"selector": "site=syd", "priority": 1})");
    must_write(0, "@fleet", {"layers", "edge"}, R"({"selector": "tier=edge", "priority": 2})");
    must_write(1, "syd", {"routes"},
               R"([{"action": {"return": 302, "location": "/syd/{{node.labels.site}}"}}])");
    must_write(2, "edge", {"settings"}, R"({"http": {"server_version": false}})");
  }
  // Written past the nodes, and brought to the first of them.
  void root_says(RecordKind kind, Bytes body) {
    Fleet& fleet = world_->node(0).fleet();
    Author root(root_key(), ++incarnation_);
    RecordPtr record =
        *root.write(fleet.authoring_context(), kind, world_->node(0).fleet().id(), std::move(body));
    const auto accepted = world_->runtime().run(fleet.accept({std::move(record)}));
    ASSERT_TRUE(accepted && accepted->added == 1);
    ASSERT_TRUE(
        world_->run_until([this] { return world_->agreed() || !revision(); }, std::chrono::minutes(1)))
        << world_->disagreement();
  }
  void label(std::size_t node, Labels labels) {
    root_says(RecordKind::labels,
              MemberLabels{world_->node(node).fleet().node(), std::move(labels)}.to_body());
  }
  void must_write(std::size_t node, std::string scope, Path path, std::string_view value) {
    const auto written = world_->runtime().run(world_->node(node).writer().write(
        in_scope(std::move(scope),
                 [path = std::move(path), value = parsed(value)](const json::value& present) {
                   Proposal proposal{present, {Edit{std::string(base_scope), path, EditOp::set, value}}};
                   apply_edit(proposal.document, proposal.edits.front());
                   return std::expected<Proposal, WriteFault>(std::move(proposal));
                 }),
        {}));
    ASSERT_TRUE(written.has_value()) << canonical_json(written.error().body);
    ASSERT_TRUE(world_->run_until([this] { return world_->agreed(); }, std::chrono::minutes(1)))
        << world_->disagreement();
  }
  std::optional<RevisionId> revision() { return world_->node(0).fleet().revision(); }
  std::string location(std::size_t node) {
    const json::value* value =
        find(world_->data_plane(node).running(), {"routes", "0", "action", "location"});
    return value && value->is_string() ? std::string(value->get_string()) : "";
  }
  bool has_settings(std::size_t node) {
    return find(world_->data_plane(node).running(), {"settings"}) != nullptr;
  }

  std::optional<World> world_;
  std::uint64_t incarnation_ = 0;
};

TEST_F(LayeredFleet, EachNodeRunsItsOwnGenerationOfOneRevision) {
  begin(4);
  label(1, {{"site", "syd"}});
  label(2, {{"tier", "edge"}});
  label(3, {{"site", "syd"}, {"tier", "edge"}});
  EXPECT_EQ(location(0), "/node0");
  EXPECT_EQ(location(1), "/syd/syd");
  EXPECT_EQ(location(2), "/node2");
  EXPECT_EQ(location(3), "/syd/syd");
  EXPECT_FALSE(has_settings(0) || has_settings(1));
  EXPECT_TRUE(has_settings(2) && has_settings(3));
  std::set<GenerationId> generations;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(world_->node(i).fleet().revision(), revision());
    generations.insert(world_->node(i).applier().running()->id);
  }
  EXPECT_EQ(generations.size(), 4U);
}

TEST_F(LayeredFleet, ALabelThatChangesRendersThatNodeAnewAndNoOther) {
  begin(3);
  const auto before = revision();
  const std::size_t applies = world_->data_plane(2).applies();
  label(1, {{"site", "syd"}});
  EXPECT_EQ(location(1), "/syd/syd");
  label(1, {});
  EXPECT_EQ(location(1), "/node1");
  EXPECT_EQ(revision(), before) << "labels are no input to the merge (M7)";
  EXPECT_EQ(world_->data_plane(2).applies(), applies);
}

TEST_F(LayeredFleet, LayersChangedOnBothSidesOfAPartitionMeet) {
  begin(3);
  label(1, {{"site", "syd"}});
  label(2, {{"site", "syd"}, {"tier", "edge"}});
  world_->partition({2});
  const auto write_apart = [this](std::size_t node, std::string scope, Path path, json::value value) {
    const auto written = world_->runtime().run(world_->node(node).writer().write(
        in_scope(std::move(scope),
                 [path, value](const json::value& present) {
                   Proposal proposal{present, {Edit{std::string(base_scope), path, EditOp::set, value}}};
                   apply_edit(proposal.document, proposal.edits.front());
                   return std::expected<Proposal, WriteFault>(std::move(proposal));
                 }),
        {}));
    ASSERT_TRUE(written.has_value()) << canonical_json(written.error().body);
  };
  write_apart(0, "syd", {"settings", "http", "max_body_size"}, 1000);
  write_apart(2, "edge", {"settings", "http", "max_body_size"}, 2000);
  write_apart(2, "@fleet", {"variables", "tenant"}, "acme");
  world_->heal();
  ASSERT_TRUE(world_->run_until([this] { return world_->agreed(); }, std::chrono::minutes(2)))
      << world_->disagreement();
  // Other scopes are other places: nothing of that was a conflict, and the higher layer lies on top.
  EXPECT_TRUE(world_->node(0).fleet().merged().conflicts.empty());
  EXPECT_EQ(*find(world_->data_plane(1).running(), {"settings", "http", "max_body_size"}), 1000);
  EXPECT_EQ(*find(world_->data_plane(2).running(), {"settings", "http", "max_body_size"}), 2000);
}

TEST_F(LayeredFleet, ANodeThatRestartsWhileItCanNotRenderGoesOnWithItsLastGoodGeneration) {
  begin(3);
  label(1, {{"site", "syd"}, {"rack", "7"}});
  label(0, {{"rack", "1"}});
  label(2, {{"rack", "2"}});
  must_write(0, "base", {"settings"},
             R"({"http": {"static": {"mime_types": {"x/{{node.labels.rack}}": [".x"]}}}})");
  const json::value before = world_->data_plane(1).running();
  // Nobody can be refused a label: the record is there, and the node says what it lacks.
  Fleet& fleet = world_->node(0).fleet();
  Author root(root_key(), ++incarnation_);
  RecordPtr record = *root.write(fleet.authoring_context(), RecordKind::labels, fleet.id(),
                                 MemberLabels{world_->node(1).fleet().node(), {{"site", "syd"}}}.to_body());
  ASSERT_TRUE(world_->runtime().run(fleet.accept({std::move(record)})));
  world_->run_for(std::chrono::seconds(10));
  world_->crash(1);
  world_->data_plane(1).restart_empty();
  world_->start(1);
  world_->run_for(std::chrono::seconds(10));
  EXPECT_EQ(world_->data_plane(1).running(), before);
  Status status;
  world_->node(1).applier().fill(status);
  EXPECT_NE(status.error.find("node node1 can't render"), std::string::npos) << status.error;
}

TEST_F(LayeredFleet, M10_WhereANewerVersionIsNeededWhatRunsIsTheAnswerAndNotNothing) {
  begin(3);
  const auto before = revision();
  const json::value running = world_->data_plane(1).running();
  const Changelog& log = world_->node(0).fleet().log();
  root_says(RecordKind::anchor, Anchor{log.vector(), *before, newest_merge_level + 1}.to_body());
  world_->run_for(std::chrono::seconds(10));
  ASSERT_FALSE(world_->node(1).fleet().revision());
  EXPECT_EQ(world_->data_plane(1).running(), running);
  HttpRequest request;
  request.method = HttpMethod::get;
  request.target = request.path = "/config";
  const HttpResponse answer = world_->runtime().run(route(world_->node(1).api(), request));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(*parse_json(answer.body), running);
  EXPECT_EQ(answer.headers.at("Starling-Revision"), to_hex(*before));
  EXPECT_EQ(answer.headers.at("ETag"), '"' + to_hex(*before) + '"');
}

}  // namespace
}  // namespace starling
