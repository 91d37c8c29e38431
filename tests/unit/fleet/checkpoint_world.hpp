// A fleet whose admin writes checkpoints of what others write.
#pragma once

#include "starling/fleet/fleet.hpp"
#include "tests/unit/fleet/fleet_world.hpp"

namespace starling::testing {

inline constexpr std::chrono::hours month{24 * 30};

struct Watcher final : FleetObserver {
  void on_state_differs(const RecordPtr& anchor) override { differs.push_back(anchor->id); }
  std::vector<RecordId> differs;
};

// Node 3 is an admin; nodes 1 and 2 write.
class CheckpointsTest : public ::testing::Test {
 protected:
  CheckpointsTest() : one(world.fleet_of(1, store_one)), admin(world.fleet_of(3, store_admin)) {}
  ~CheckpointsTest() override {
    world.runtime.run(one->stop());
    world.runtime.run(admin->stop());
  }
  void exchange() {
    world.pass_on(*one, *admin);
    world.pass_on(*admin, *one);
  }
  // Ten changes by node 1, and a checkpoint of them.
  RecordPtr checkpoint(int from = 0) {
    for (int i = from; i < from + 10; ++i) world.write(*one, {"settings", "n" + std::to_string(i % 5)}, i);
    exchange();
    RecordPtr written = must(world.runtime.run(admin->write_checkpoint()));
    exchange();
    return written;
  }
  std::size_t drop(Fleet& fleet) { return must(world.runtime.run(fleet.drop_covered(month))); }
  // As sync does it once nobody brings what is missing.
  void believe_oldest(Fleet& fleet) {
    const std::vector<UnseenCheckpoint> unseen = fleet.unseen_checkpoints();
    ASSERT_FALSE(unseen.empty());
    EXPECT_TRUE(world.runtime.run(fleet.rest_on_unseen(unseen.front().record)));
    world.settle();
  }
  static json::value setting(const Fleet& fleet, std::string_view name) {
    const json::value* value = find(fleet.document(), {"settings", std::string(name)});
    return value ? *value : json::value(nullptr);
  }

  FleetWorld world;
  MemoryStore store_one;
  MemoryStore store_admin;
  std::unique_ptr<Fleet> one;
  std::unique_ptr<Fleet> admin;
};

}  // namespace starling::testing
