// Layers and templates, from a write to what the data plane runs.
#include <gmock/gmock.h>

#include "starling/changelog/anchor.hpp"
#include "starling/layers/layer.hpp"
#include "starling/merge/diff.hpp"
#include "starling/merge/levels.hpp"
#include "starling/merge/revision.hpp"
#include "starling/rollout/plan_check.hpp"
#include "tests/unit/rollout/rollout_fixture.hpp"

namespace starling {
namespace {

using ::testing::HasSubstr;

json::value parsed(std::string_view text) { return *parse_json(text); }

class LayersTest : public RolloutTest {
 protected:
  void raise_level(unsigned level = newest_merge_level) {
    root_says(RecordKind::anchor,
              Anchor{fleet_->log().vector(), revision_of(unset_tree(), level), level}.to_body());
  }
  void label(const PrivateKey& node, Labels labels) {
    root_says(RecordKind::labels, MemberLabels{testing::peer_of(node), std::move(labels)}.to_body());
  }
  void root_says(RecordKind kind, Bytes body) {
    Author root(root_, ++incarnation_);
    const RecordPtr record =
        testing::must(root.write(fleet_->authoring_context(), kind, id_, std::move(body)));
    const auto accepted = testing::must(runtime_.run(fleet_->accept({record})));
    EXPECT_EQ(accepted.added, 1U);
    settle();
  }
  Writer::Outcome write(std::string scope, Path path, std::string_view value, WriteOptions options = {}) {
    return runtime_.run(writer_->write(
        in_scope(std::move(scope),
                 [path = std::move(path), value = parsed(value)](const json::value& present) {
                   Proposal proposal{present, {Edit{std::string(base_scope), path, EditOp::set, value}}};
                   apply_edit(proposal.document, proposal.edits.front());
                   return std::expected<Proposal, WriteFault>(std::move(proposal));
                 }),
        std::move(options)));
  }
  void must_write(std::string scope, Path path, std::string_view value) {
    const auto written = write(std::move(scope), path, value);
    EXPECT_TRUE(written.has_value()) << to_pointer(path) << ": "
                                     << (written ? "" : canonical_json(written.error().body));
    settle();
  }
  // A whole configuration that answers with what is in `settings`.
  void begin_layered() {
    raise_level();
    must_write("base", {},
               R"({"listeners": {"*:80": {"pass": "routes"}}, "routes": [{"action": {"return": 200}}]})");
    must_write("@fleet", {"layers", "edge"}, R"({"selector": "tier=edge", "priority": 1})");
  }
  // A node with a layer, and a base with a template; "spare" is in both.
  void begin_templated() {
    begin_layered();
    label(node_key_, {{"tier", "edge"}});
    must_write("base", {}, R"({"listeners": {"*:80": {"pass": "routes/main"}}, "routes": {
                 "main": [{"action": {"return": 302, "location": "/{{node.name}}"}}],
                 "spare": [{"action": {"return": 200}}]}})");
    must_write("edge", {}, R"({"routes": {"edge": [{"action": {"return": 201}}],
                                          "spare": [{"action": {"return": 202}}]}})");
  }
  // As a client does that gets the configuration, changes it and puts it back.
  Writer::Outcome write_given(const std::function<void(json::value&)>& change) {
    json::value given = applier_->wanted()->document;
    change(given);
    return runtime_.run(writer_->write(
        writer_->as_given([given](const json::value& present) -> std::expected<Proposal, WriteFault> {
          return Proposal{given, diff(present, given)};
        }),
        {}));
  }
  // What is changed by hand stays until somebody has made up his mind.
  void only_report_drift() {
    end();
    applier_config_.drift = DriftPolicy::report;
    begin();
    settle();
  }
  std::string error() {
    Status status;
    applier_->fill(status);
    return status.error;
  }

  std::uint64_t incarnation_ = 100;
};

json::value returning(int code) {
  return json::array{json::object{{"action", json::object{{"return", code}}}}};
}

TEST_F(LayersTest, ANodeRunsTheLayersThatItsLabelsSelect) {
  begin_layered();
  must_write("edge", {"routes"}, R"([{"action": {"return": 201}}])");
  EXPECT_EQ(*find(driver_.running(), {"routes"}), returning(200));
  label(node_key_, {{"tier", "edge"}});
  EXPECT_EQ(*find(driver_.running(), {"routes"}), returning(201));
  EXPECT_NE(find(driver_.running(), {"listeners", "*:80"}), nullptr);
  label(node_key_, {{"tier", "core"}});
  EXPECT_EQ(*find(driver_.running(), {"routes"}), returning(200));
}

TEST_F(LayersTest, TheLabelsOfOthersAreNothingToIt) {
  begin_layered();
  const std::size_t applies = driver_.applies();
  const GenerationId before = applier_->wanted()->id;
  label(other_key_, {{"tier", "edge"}});
  EXPECT_EQ(applier_->wanted()->id, before);
  EXPECT_EQ(driver_.applies(), applies);
}

TEST_F(LayersTest, TemplatesAreFilledInFromTheCharterAndTheFleetsVariables) {
  begin_layered();
  label(node_key_, {{"site", "syd"}});
  label(other_key_, {{"site", "ber"}});
  must_write("@fleet", {"variables", "tenant"}, R"("acme")");
  must_write("base", {"routes"},
             R"([{"action": {"return": 302, "location": "/{{node.labels.site}}/{{vars.tenant}}"}}])");
  EXPECT_EQ(*find(driver_.running(), {"routes", "0", "action", "location"}), "/syd/acme");
  must_write("@fleet", {"variables", "tenant"}, R"("corp")");
  EXPECT_EQ(*find(driver_.running(), {"routes", "0", "action", "location"}), "/syd/corp");
}

TEST_F(LayersTest, AWriteThatAMemberCouldNotRenderIsRefusedWithNodeAndPath) {
  begin_layered();
  label(node_key_, {{"site", "syd"}});
  const auto revision = fleet_->revision();
  const std::size_t applies = driver_.applies();
  // This node could: the other has no such label.
  const auto refused =
      write("base", {"routes"}, R"([{"action": {"return": 302, "location": "/{{node.labels.site}}"}}])");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status, 400);
  const json::object& body = refused.error().body.get_object();
  EXPECT_THAT(std::string(body.at("detail").get_string()), HasSubstr("/routes/0/action/location"));
  EXPECT_THAT(std::string(body.at("detail").get_string()), HasSubstr("no label \"site\""));
  EXPECT_EQ(*find(body.at("location"), {"path"}), "/routes/0/action/location");
  EXPECT_EQ(*find(body.at("location"), {"node"}), "node");
  settle();
  EXPECT_EQ(fleet_->revision(), revision);
  EXPECT_EQ(*find(driver_.running(), {"routes"}), returning(200));
  EXPECT_LE(driver_.applies(), applies + 2) << "tried, and put back";
}

TEST_F(LayersTest, OneThatItCanNotRenderItselfNeverReachesTheDataPlane) {
  begin_layered();
  const std::size_t applies = driver_.applies();
  const auto refused = write("edge", {"settings"}, R"({"http": {"server_version": false}})");
  EXPECT_TRUE(refused.has_value());
  settle();
  EXPECT_EQ(driver_.applies(), applies) << "a layer of other nodes";
  EXPECT_FALSE(
      write("base", {"routes"}, R"([{"action": {"return": 302, "location": "{{vars.none}}"}}])").has_value());
  EXPECT_EQ(driver_.applies(), applies);
}

TEST_F(LayersTest, WhatWouldBeIncompleteOnceRenderedIsRefused) {
  begin_layered();
  label(other_key_, {{"tier", "edge"}});
  // As a part it is right; nothing beneath it makes it whole.
  const auto refused = write("edge", {"listeners", "*:81"}, R"({})");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status, 400);
  EXPECT_THAT(canonical_json(refused.error().body), HasSubstr("*:81"));
}

TEST_F(LayersTest, ANodeThatCanNotRenderKeepsItsLastGoodGenerationAndSaysSo) {
  begin_layered();
  label(node_key_, {{"site", "syd"}});
  label(other_key_, {{"site", "ber"}});
  must_write("base", {"routes"}, R"([{"action": {"return": 302, "location": "/{{node.labels.site}}"}}])");
  const json::value before = driver_.running();
  const std::size_t applies = driver_.applies();
  label(node_key_, {});
  EXPECT_EQ(driver_.running(), before);
  EXPECT_EQ(driver_.applies(), applies);
  EXPECT_EQ(applier_->wanted(), nullptr);
  EXPECT_THAT(error(), HasSubstr("node node can't render /routes/0/action/location"));
  EXPECT_THAT(error(), HasSubstr("site"));
  // Drift is healed to what it keeps.
  driver_.run_by_hand(empty_document());
  settle();
  EXPECT_EQ(driver_.running(), before);
  label(node_key_, {{"site", "mel"}});
  EXPECT_EQ(*find(driver_.running(), {"routes", "0", "action", "location"}), "/mel");
  EXPECT_EQ(error(), "");
}

TEST_F(LayersTest, M10_ANodeWithoutADataPlaneKeepsItsLastGoodGenerationToo) {
  end();
  driver_.serve_nothing();
  begin();
  begin_layered();
  label(node_key_, {{"site", "syd"}});
  label(other_key_, {{"site", "ber"}});
  must_write("base", {"routes"}, R"([{"action": {"return": 302, "location": "/{{node.labels.site}}"}}])");
  EXPECT_FALSE(applier_->running()) << "nothing runs here";
  const Generation before = *applier_->wanted();
  label(node_key_, {});
  EXPECT_EQ(applier_->wanted(), nullptr);
  EXPECT_THAT(applier_->render_error(), HasSubstr("no label \"site\""));
  must_write("base", {"settings"}, R"({"http": {"server_version": false}})");
  ASSERT_TRUE(applier_->running());
  EXPECT_EQ(applier_->running()->document, before.document);
  EXPECT_EQ(applier_->running()->revision, before.revision);
  Status status;
  applier_->fill(status);
  EXPECT_FALSE(status.generation);
}

TEST_F(LayersTest, AMemberThatCanNotRenderWhatIsThereHoldsUpNobodysWrites) {
  begin_layered();
  label(node_key_, {{"site", "syd"}});
  label(other_key_, {{"site", "ber"}});
  must_write("base", {"routes"}, R"([{"action": {"return": 302, "location": "/{{node.labels.site}}"}}])");
  label(other_key_, {});
  must_write("base", {"settings"}, R"({"http": {"server_version": false}})");
  EXPECT_NE(find(driver_.running(), {"settings"}), nullptr);
  // Nor does the one that takes the write.
  label(node_key_, {});
  const json::value before = driver_.running();
  must_write("base", {"settings"}, R"({"http": {"server_version": true}})");
  EXPECT_EQ(driver_.running(), before);
  must_write("base", {"routes"}, R"([{"action": {"return": 200}}])");
  EXPECT_EQ(*find(driver_.running(), {"routes"}), returning(200));
  EXPECT_EQ(*find(driver_.running(), {"settings", "http", "server_version"}), true);
}

TEST_F(LayersTest, AtTheFirstLevelThereAreNoLayersAndStringsAreNoTemplates) {
  must_write("base", {},
             R"({"listeners": {"*:80": {"pass": "routes"}}, "routes": [{"action": {"return": 200}}]})");
  for (const auto& [scope, path, value] :
       {std::tuple<std::string, Path, std::string>{"edge", {"settings"}, "{}"},
        {"@fleet", {"variables", "x"}, R"("y")"},
        {"@fleet", {"layers", "edge"}, R"({"selector": ""})"}}) {
    const auto refused = write(scope, path, value);
    ASSERT_FALSE(refused.has_value()) << scope;
    EXPECT_EQ(refused.error().status, 409);
    EXPECT_THAT(canonical_json(refused.error().body), HasSubstr("starling fleet raise-level"));
  }
  must_write("base", {"routes"}, R"([{"action": {"return": 302, "location": "{{vars.none}}"}}])");
  EXPECT_EQ(*find(driver_.running(), {"routes", "0", "action", "location"}), "{{vars.none}}");
}

TEST_F(LayersTest, AFleetAboveTheLevelsThatANodeKnowsKeepsItsConfiguration) {
  must_write("base", {},
             R"({"listeners": {"*:80": {"pass": "routes"}}, "routes": [{"action": {"return": 200}}]})");
  const json::value before = driver_.running();
  raise_level(newest_merge_level + 1);
  EXPECT_EQ(driver_.running(), before);
  EXPECT_EQ(applier_->wanted(), nullptr);
  EXPECT_THAT(error(), HasSubstr("upgrade needed"));
}

TEST_F(LayersTest, WhoeverWouldLoseItsLastListenerIsNamed) {
  begin_layered();
  must_write("edge", {"listeners", "*:81"}, R"({"pass": "routes"})");
  // The base has one, too: no node is left without.
  const auto without = [](std::string scope, WriteOptions options) {
    return std::pair(in_scope(std::move(scope),
                              [](const json::value& present) {
                                Proposal proposal{
                                    present,
                                    {Edit{std::string(base_scope), {"listeners"}, EditOp::remove, {}}}};
                                apply_edit(proposal.document, proposal.edits.front());
                                return std::expected<Proposal, WriteFault>(std::move(proposal));
                              }),
                     std::move(options));
  };
  auto [of_base, plain] = without("base", {});
  const auto refused = runtime_.run(writer_->write(of_base, plain));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(canonical_json(refused.error().body), HasSubstr("node node without a listener"));
  auto [of_edge, also_plain] = without("edge", {});
  EXPECT_TRUE(runtime_.run(writer_->write(of_edge, also_plain)).has_value());
}

TEST_F(LayersTest, LabelsThatTakeAwayTheLastListenerAreNotApplied) {
  raise_level();
  must_write("@fleet", {"layers", "edge"}, R"({"selector": "tier=edge"})");
  must_write("base", {"routes"}, R"([{"action": {"return": 200}}])");
  must_write("edge", {"listeners", "*:80"}, R"({"pass": "routes"})");
  label(node_key_, {{"tier", "edge"}});
  const json::value before = driver_.running();
  ASSERT_TRUE(has_listeners(before));
  label(node_key_, {});
  EXPECT_EQ(driver_.running(), before);
  EXPECT_THAT(applier_->held(), HasSubstr("labels"));
  label(node_key_, {{"tier", "edge"}});
  EXPECT_EQ(applier_->held(), "");
}

TEST_F(LayersTest, ARehearsalRefusesWhatTheWriteWould) {
  begin_layered();
  const auto rehearsed = [&](std::string scope, std::string_view document, WriteOptions options = {}) {
    return writer_->rehearse(
        in_scope(std::move(scope),
                 [&](const json::value&) -> std::expected<Proposal, WriteFault> {
                   return Proposal{parsed(document),
                                   {Edit{std::string(base_scope), {}, EditOp::set, parsed(document)}}};
                 }),
        options);
  };
  const auto revision = fleet_->revision();
  const std::size_t applies = driver_.applies();
  EXPECT_TRUE(rehearsed("edge", R"({"routes": []})"));
  EXPECT_EQ(rehearsed("edge", R"({"listeners": {"*:81": {"pass": "routes/none"}}})").error().status, 400);
  label(other_key_, {{"tier", "edge"}});
  const auto unrenderable =
      rehearsed("edge", R"({"routes": [{"action": {"return": 302, "location": "{{vars.none}}"}}]})");
  ASSERT_FALSE(unrenderable);
  EXPECT_THAT(canonical_json(unrenderable.error().body), HasSubstr("vars.none"));
  const auto emptied = rehearsed("base", "{}");
  ASSERT_FALSE(emptied);
  EXPECT_THAT(canonical_json(emptied.error().body), HasSubstr("allow-empty"));
  EXPECT_TRUE(rehearsed("base", "{}", {.allow_empty = true}));
  EXPECT_EQ(rehearsed("edge", "{}", {.message = "\xff"}).error().status, 400);
  EXPECT_EQ(fleet_->revision(), revision);
  EXPECT_EQ(driver_.applies(), applies);
}

TEST_F(LayersTest, WhatTheNodeIsGivenCanBeWrittenBack) {
  begin_templated();
  const auto same = write_given([](json::value&) {});
  ASSERT_TRUE(same) << canonical_json(same.error().body);
  EXPECT_FALSE(same->change) << "nothing has changed";
}

TEST_F(LayersTest, AWriteOfWhatTheNodeIsGivenLeavesTemplatesAndLayersWhereTheyAre) {
  begin_templated();
  const auto written = write_given([](json::value& given) {
    given.at("routes").at("edge").as_array().push_back(returning(203).at(0));
    given.at("routes").at("main").as_array().insert(given.at("routes").at("main").as_array().begin(),
                                                    returning(204).at(0));
    given.at("routes").as_object()["new"] = returning(205);
    given.at("routes").as_object().erase("spare");
  });
  ASSERT_TRUE(written) << canonical_json(written.error().body);
  settle();
  const json::value& base = fleet_->document();
  EXPECT_EQ(*find(base, {"routes", "main", "0"}), returning(204).at(0));
  EXPECT_EQ(*find(base, {"routes", "main", "1", "action", "location"}), "/{{node.name}}");
  EXPECT_EQ(*find(base, {"routes", "new"}), returning(205));
  EXPECT_EQ(find(base, {"routes", "edge"}), nullptr) << "it is the layer's";
  EXPECT_EQ(find(base, {"routes", "spare"}), nullptr);
  EXPECT_EQ(find(fleet_->document("edge"), {"routes", "spare"}), nullptr) << "removed from all that have it";
  EXPECT_EQ(find(fleet_->document("edge"), {"routes", "edge"})->as_array().size(), 2U);
}

TEST_F(LayersTest, AWriteThatWouldLoseATemplateIsRefusedByItsPlace) {
  begin_templated();
  const auto revision = fleet_->revision();
  const auto refused =
      write_given([](json::value& given) { given.at("routes").at("main") = returning(206); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 400);
  EXPECT_EQ(*find(refused.error().body, {"location", "path"}), "/routes/main/0/action/location");
  EXPECT_THAT(canonical_json(refused.error().body), HasSubstr("template"));
  EXPECT_FALSE(write_given([](json::value& given) { given.at("routes").as_object().erase("main"); }));
  EXPECT_EQ(fleet_->revision(), revision);
  // One that writes the template itself may.
  const auto meant = write_given([](json::value& given) {
    given.at("routes").at("main").at(0).at("action").at("location") = "/{{node.name}}/more";
  });
  ASSERT_TRUE(meant) << canonical_json(meant.error().body);
  EXPECT_EQ(*find(fleet_->document(), {"routes", "main", "0", "action", "location"}), "/{{node.name}}/more");
}

TEST_F(LayersTest, WhatIsRemovedByNameGoesTemplatesAndAll) {
  begin_templated();
  must_write("base", {"routes", "other"}, R"([{"action": {"return": 200}}])");
  must_write("base", {"listeners", "*:80", "pass"}, R"("routes/other")");
  const auto remove = [&](const Path& path) {
    json::value given = applier_->wanted()->document;
    EXPECT_TRUE(remove_at(given, path)) << to_pointer(path);
    return runtime_.run(
        writer_->write(writer_->as_given(
                           [given](const json::value& present) -> std::expected<Proposal, WriteFault> {
                             return Proposal{given, diff(present, given)};
                           },
                           path),
                       {}));
  };
  EXPECT_TRUE(remove({"routes", "main", "0", "action", "location"}));
  EXPECT_EQ(*find(fleet_->document(), {"routes", "main"}), parsed(R"([{"action": {"return": 302}}])"));
  EXPECT_TRUE(remove({"routes", "main"}));
  EXPECT_EQ(find(fleet_->document(), {"routes", "main"}), nullptr);
  EXPECT_TRUE(remove({"routes", "spare"}));
  EXPECT_EQ(find(fleet_->document("edge"), {"routes", "spare"}), nullptr) << "from all that have it";
}

TEST_F(LayersTest, AnAppendToWhatTheNodeIsGivenStaysOne) {
  begin_templated();
  const auto written = runtime_.run(
      writer_->write(writer_->as_given([](const json::value& given) -> std::expected<Proposal, WriteFault> {
        Proposal proposal{
            given, {Edit{std::string(base_scope), {"routes", "main"}, EditOp::append, returning(207).at(0)}}};
        apply_edit(proposal.document, proposal.edits.front());
        return proposal;
      }),
                     {}));
  ASSERT_TRUE(written) << canonical_json(written.error().body);
  const auto change = testing::must(Change::from_body(fleet_->log().get(*written->change)->record.body));
  ASSERT_EQ(change.edits.size(), 1U);
  EXPECT_EQ(change.edits.front().op, EditOp::append);
  EXPECT_EQ(change.edits.front().scope, base_scope);
}

TEST_F(LayersTest, PublishPutsEachPathIntoTheScopeItCameFrom) {
  begin_layered();
  label(node_key_, {{"tier", "edge"}});
  must_write("edge", {"routes"}, R"([{"action": {"return": 201}}])");
  only_report_drift();
  json::value edited = driver_.running();
  edited.as_object()["routes"] = returning(202);
  edited.at("listeners").as_object().emplace("*:82", json::object{{"pass", "routes"}});
  driver_.run_by_hand(edited);
  const auto published = runtime_.run(writer_->publish({}));
  ASSERT_TRUE(published.has_value()) << canonical_json(published.error().body);
  EXPECT_EQ(*find(fleet_->document("edge"), {"routes"}), returning(202));
  EXPECT_EQ(*find(fleet_->document(), {"routes"}), returning(200));
  EXPECT_NE(find(fleet_->document(), {"listeners", "*:82"}), nullptr);
  EXPECT_EQ(find(fleet_->document("edge"), {"listeners"}), nullptr);
}

TEST_F(LayersTest, PublishRefusesByNameWhatATemplateFilledIn) {
  begin_layered();
  must_write("base", {"routes"}, R"([{"action": {"return": 302, "location": "/{{node.name}}"}}])");
  only_report_drift();
  json::value edited = driver_.running();
  edited.as_object()["routes"] = returning(202);
  driver_.run_by_hand(edited);
  const auto refused = runtime_.run(writer_->publish({}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(canonical_json(refused.error().body), HasSubstr("/routes"));
  EXPECT_THAT(canonical_json(refused.error().body), HasSubstr("template"));
}

TEST_F(LayersTest, OfABurstOnlyWhatCanNotBeRenderedIsRefused) {
  begin_layered();
  std::vector<std::optional<Writer::Outcome>> answers(9);
  const auto ask = [](Writer& writer, int i, std::optional<Writer::Outcome>& answer) -> Task<> {
    const json::value value = i == 4 ? "{{vars.none}}" : "plain";
    const Path path{"routes"};
    answer = co_await writer.write(
        in_scope("base",
                 [path, value, i](const json::value& present) {
                   json::value route = json::array{
                       json::object{{"match", json::object{{"uri", "/" + std::to_string(i)}}},
                                    {"action", json::object{{"return", 302}, {"location", value}}}}};
                   Proposal proposal{present, {Edit{std::string(base_scope), path, EditOp::set, route}}};
                   apply_edit(proposal.document, proposal.edits.front());
                   return std::expected<Proposal, WriteFault>(std::move(proposal));
                 }),
        {});
  };
  for (int i = 0; i < 9; ++i) tasks_.spawn("client", ask(*writer_, i, answers[static_cast<std::size_t>(i)]));
  settle();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(answers[i].has_value());
    EXPECT_EQ(answers[i]->has_value(), i != 4) << i;
  }
  EXPECT_EQ(*find(driver_.running(), {"routes", "0", "match", "uri"}), "/8");
}

}  // namespace
}  // namespace starling
