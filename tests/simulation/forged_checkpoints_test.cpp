// An admin's key in the wrong hands: what it signs over a history that all have is seen through by all.
#include <gtest/gtest.h>

#include "sim/world.hpp"
#include "tests/simulation/forgeries.hpp"
#include "tests/simulation/referee.hpp"

namespace starling::sim {
namespace {

using std::chrono::seconds;

class ForgedCheckpoints : public ::testing::TestWithParam<Forgery> {
 protected:
  World world{{.seed = 51, .nodes = 3, .joined = true, .admin = true}};
  Referee referee{world};

  void SetUp() override {
    world.start_all();
    for (const int value : {1, 2, 3}) writes(static_cast<std::size_t>(value - 1), value);
    rest_on(written_at(1));
  }
  void writes(std::size_t index, int value) {
    ASSERT_TRUE(world.write(index, {"settings", "http", "s" + std::to_string(value)}, value));
    settle();
  }
  void settle() {
    ASSERT_TRUE(world.run_until([&] { return world.agreed(); }, seconds(60))) << world.disagreement();
    ASSERT_EQ(referee.look(), "");
  }
  RecordPtr written_at(std::size_t index) {
    const auto next = world.next_checkpoint(index);
    return next ? world.root_writes(index, RecordKind::checkpoint, next->to_body()) : nullptr;
  }
  void rest_on(const RecordPtr& checkpoint) {
    ASSERT_TRUE(checkpoint);
    settle();
    for (std::size_t i = 0; i < world.size(); ++i) {
      ASSERT_TRUE(world.node(i).fleet().checkpoint());
      EXPECT_EQ(world.node(i).fleet().checkpoint()->id, checkpoint->id) << "node " << i;
    }
  }
};

TEST_P(ForgedCheckpoints, L8_NobodyBeginsWithOneAndTheNextTrueOneCounts) {
  writes(2, 4);
  auto forged = world.next_checkpoint(0);
  ASSERT_TRUE(forged);
  ASSERT_TRUE(forge(*forged, GetParam(), world.node(0).fleet()));
  const RecordId grant = world.node(0).fleet().charter().member(world.peer(1))->grant;
  const RecordPtr record = world.sign(world.key(1), 0, RecordKind::checkpoint, grant, forged->to_body());
  for (std::size_t i = 0; i < world.size(); ++i) world.give(i, {record});
  world.run_for(seconds(2));
  settle();
  for (std::size_t i = 0; i < world.size(); ++i)
    EXPECT_NE(world.node(i).fleet().checkpoint()->id, record->id) << "node " << i;
  rest_on(written_at(2));
}

INSTANTIATE_TEST_SUITE_P(Each, ForgedCheckpoints, ::testing::ValuesIn(all_forgeries));

}  // namespace
}  // namespace starling::sim
