// A node on virtual time whose data plane does as a test says, without a network.
#pragma once

#include <memory>
#include <vector>

#include "libp2p/base/virtual_runtime.hpp"
#include "starling/changelog/memory_store.hpp"
#include "starling/rollout/writer.hpp"
#include "tests/support/fleet_fixture.hpp"
#include "tests/support/scripted_driver.hpp"

namespace starling {

// Keeps count of its transactions.
class CountingStore final : public Store {
 public:
  Result<> append(std::span<const RecordPtr> records, const Facts& facts = {}) override {
    if (!records.empty()) ++commits;
    return memory.append(records, facts);
  }
  Result<> drop(std::span<const RecordId> ids, const Facts& facts) override {
    return memory.drop(ids, facts);
  }
  Result<Contents> load() override { return memory.load(); }
  MemoryStore memory;
  std::size_t commits = 0;
};

// The node, and the keys of another one that may write.
class RolloutTest : public ::testing::Test {
 protected:
  explicit RolloutTest(WriterLimits limits = {}) : limits_(limits) {
    const libp2p::WallTime start = runtime_.env().clock.wall();
    const RecordPtr genesis = testing::must(write_genesis(root_, 1, Bytes(16, 7), start));
    id_ = genesis->id;
    Changelog log(id_);
    EXPECT_EQ(log.ingest(genesis).outcome, Changelog::Outcome::added);
    Author author(root_, 2);
    founding_.push_back(genesis);
    for (const PrivateKey& key : {node_key_, other_key_}) {
      const Grant grant{testing::peer_of(key), Role::operator_, "node", {}, {}};
      founding_.push_back(testing::must(
          author.write({id_, log, start, Hlc{UINT64_MAX}}, RecordKind::grant, id_, grant.to_body())));
      EXPECT_EQ(log.ingest(founding_.back()).outcome, Changelog::Outcome::added);
    }
    EXPECT_TRUE(store_.append(founding_));
    begin();
  }
  ~RolloutTest() override { end(); }

  // As a process does.
  void begin() {
    fleet_ = std::make_unique<Fleet>(runtime_.env(), id_, node_key_, store_);
    EXPECT_TRUE(fleet_->load());
    applier_ = std::make_unique<Applier>(
        runtime_.env(), *fleet_, driver_, applier_config_, [](const json::value&) { return Result<>{}; },
        [] {}, [](const DataPlaneEvent&) {});
    applier_->start();
    writer_ = std::make_unique<Writer>(runtime_.env(), *fleet_, *applier_, limits_);
  }
  void end() {
    runtime_.run(writer_->stop());
    runtime_.run(applier_->stop());
    runtime_.run(fleet_->stop());
    runtime_.run(tasks_.stop());
  }

  void settle() { runtime_.run_for(std::chrono::minutes(1)); }
  const json::value& document() { return fleet_->document(); }

  libp2p::VirtualRuntime runtime_;
  PrivateKey root_ = testing::key_of(200);
  PrivateKey node_key_ = testing::key_of(1);
  PrivateKey other_key_ = testing::key_of(2);
  CountingStore store_;
  std::vector<RecordPtr> founding_;  // genesis, and both nodes' grants
  testing::ScriptedDriver driver_{runtime_.env()};
  FleetId id_;
  WriterLimits limits_;
  ApplierConfig applier_config_;
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<Applier> applier_;
  std::unique_ptr<Writer> writer_;
  libp2p::TaskGroup tasks_{runtime_.env()};
};

}  // namespace starling
