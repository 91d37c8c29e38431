// Checkpoints that are written, honestly and not; what is forgotten behind them, and who comes afterwards.
#pragma once

#include <vector>

#include "tests/simulation/stage.hpp"

namespace starling::sim {

class Checkpointing {
 public:
  explicit Checkpointing(Stage& stage) : stage_(stage) {}

  // One of the kinds that the seed has drawn, or none.
  void happen();
  // What was kept back is told to somebody.
  void end();
  void write();
  void forget_at(std::size_t index);
  // A machine is wiped, and let in as somebody else.
  void let_a_newcomer_in();

 private:
  [[nodiscard]] bool is_admin(std::size_t index) const;
  [[nodiscard]] bool may_write(std::size_t index) const;
  [[nodiscard]] bool may_forget(std::size_t index) const;
  [[nodiscard]] bool knows_all_checkpoints_of(std::size_t index, std::size_t other) const;
  void forge();

  Stage& stage_;
  std::vector<RecordPtr> kept_back_;  // written, and known to nobody yet
};

}  // namespace starling::sim
