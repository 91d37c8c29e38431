#include "starling/rollout/applier.hpp"

#include "tests/unit/rollout/rollout_fixture.hpp"

namespace starling {
namespace {

using testing::must;
using testing::set_change;

// What comes from another node.
class ApplierTest : public RolloutTest {
 protected:
  ApplierTest() {
    EXPECT_TRUE(other_store_.append(founding_));
    EXPECT_TRUE(other_.load());
  }
  ~ApplierTest() override { runtime_.run(other_.stop()); }

  RecordPtr other_writes(Path path, json::value value) {
    return must(runtime_.run(
        other_.author(RecordKind::change, set_change(std::move(path), std::move(value)).to_body())));
  }
  void hear(RecordPtr record) { EXPECT_TRUE(runtime_.run(fleet_->accept({std::move(record)}))); }
  Status status() {
    Status status;
    applier_->fill(status);
    return status;
  }

  MemoryStore other_store_;
  Fleet other_{runtime_.env(), id_, other_key_, other_store_};
};

TEST_F(ApplierTest, ABurstFromElsewhereIsFewAppliesAndEndsAtTheNewest) {
  std::vector<RecordPtr> burst;
  for (int i = 0; i < 200; ++i) burst.push_back(other_writes({"settings", "k" + std::to_string(i)}, i));
  driver_.answer_after(std::chrono::milliseconds(20));
  for (const RecordPtr& record : burst) {
    hear(record);
    runtime_.run_for(std::chrono::milliseconds(1));
  }
  // Not a round of the drift check later: what came while it was busy is brought up at once.
  runtime_.run_for(std::chrono::milliseconds(250));
  EXPECT_TRUE(same_json(driver_.running(), document()));
  EXPECT_NE(find(driver_.running(), {"settings", "k199"}), nullptr);
  EXPECT_LE(driver_.applies(), 200U * 1U / 20U + 2U);
}

TEST_F(ApplierTest, AWriterThatAlwaysHasAnotherWriteDoesNotKeepItFromCatchingUp) {
  libp2p::TaskGroup clients(runtime_.env());
  const auto write_on = [](Writer& writer, int client) -> Task<> {
    for (int i = 0;; ++i) {
      const Path path{"settings", "c" + std::to_string(client)};
      const Propose set = [path, i](const json::value& present) {
        Proposal proposal{present, {Edit{std::string(base_scope), path, EditOp::set, i}}};
        apply_edit(proposal.document, proposal.edits.front());
        return std::expected<Proposal, WriteFault>(std::move(proposal));
      };
      (void)co_await writer.write(in_scope(std::string(base_scope), set), {});
    }
  };
  for (int client = 0; client < 3; ++client) clients.spawn("client", write_on(*writer_, client));
  runtime_.run_for(std::chrono::milliseconds(100));
  hear(other_writes({"settings", "theirs"}, 1));
  runtime_.run_for(std::chrono::milliseconds(100));
  EXPECT_NE(find(driver_.running(), {"settings", "theirs"}), nullptr);
  runtime_.run(clients.stop());
}

TEST_F(ApplierTest, RV23_WhatTheDataPlaneRefusesIsNeverAppliedAndThePreviousStays) {
  hear(other_writes({"settings", "good"}, 1));
  settle();
  const Status before = status();
  ASSERT_TRUE(before.fact(FactKind::applied));
  driver_.refuse(
      [](const json::value& candidate) { return find(candidate, {"settings", "bad"}) != nullptr; });
  hear(other_writes({"settings", "bad"}, 1));
  settle();
  const Status after = status();
  EXPECT_EQ(after.fact(FactKind::applied)->revision, before.fact(FactKind::applied)->revision);
  EXPECT_EQ(after.fact(FactKind::healthy)->revision, before.fact(FactKind::healthy)->revision);
  EXPECT_EQ(after.fact(FactKind::received)->revision, *fleet_->revision());
  EXPECT_EQ(after.generation, before.generation);
  EXPECT_FALSE(after.error.empty());
  EXPECT_EQ(find(driver_.running(), {"settings", "bad"}), nullptr);
  // Nor after a restart.
  end();
  begin();
  settle();
  EXPECT_EQ(find(driver_.running(), {"settings", "bad"}), nullptr);
  EXPECT_NE(find(driver_.running(), {"settings", "good"}), nullptr);
  const Status again = status();
  if (const auto& applied = again.fact(FactKind::applied)) EXPECT_NE(applied->revision, *fleet_->revision());
}

TEST_F(ApplierTest, RV24_WhatWouldTakeTheNodesOwnAddressIsRefusedWhereItIsAndEverywhereElseItStands) {
  OwnAddresses own;
  own.add("127.0.0.1:8117", "this node's API");
  applier_->protect(std::move(own));
  const Propose take_it = [](const json::value& present) -> std::expected<Proposal, WriteFault> {
    const Edit edit{
        std::string(base_scope), {"listeners", "*:8117"}, EditOp::set, *parse_json(R"({"pass":"routes"})")};
    const Edit routes{
        std::string(base_scope), {"routes"}, EditOp::set, *parse_json(R"([{"action":{"return":200}}])")};
    Proposal proposal{present, {routes, edit}};
    for (const Edit& each : proposal.edits) apply_edit(proposal.document, each);
    return proposal;
  };
  const Writer::Outcome refused =
      runtime_.run(writer_->write(in_scope(std::string(base_scope), take_it), {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 400);
  EXPECT_NE(refused.error().body.at("detail").as_string().find("this node's API"), json::string::npos);
  EXPECT_EQ(driver_.applies(), 0U);
  // Written where that port is free, it is the fleet's; this node keeps what it has, and says why.
  hear(other_writes({"routes"}, *parse_json(R"([{"action":{"return":200}}])")));
  settle();
  const json::value before = driver_.running();
  hear(other_writes({"listeners", "*:8117"}, *parse_json(R"({"pass":"routes"})")));
  settle();
  EXPECT_TRUE(same_json(driver_.running(), before));
  EXPECT_NE(status().error.find("this node's API"), std::string::npos);
  EXPECT_NE(status().fact(FactKind::applied)->revision, *fleet_->revision());
  // Nor does it keep the node from writing what mends it.
  const Propose mend = [](const json::value& present) -> std::expected<Proposal, WriteFault> {
    const Edit edit{std::string(base_scope), {"listeners", "*:8117"}, EditOp::remove, std::nullopt};
    Proposal proposal{present, {edit}};
    apply_edit(proposal.document, edit);
    return proposal;
  };
  EXPECT_TRUE(runtime_.run(writer_->write(in_scope(std::string(base_scope), mend), {.allow_empty = true})));
  settle();
  EXPECT_EQ(status().fact(FactKind::applied)->revision, *fleet_->revision());
}

}  // namespace
}  // namespace starling
