// What goes wrong with machines and with the links between them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "tests/simulation/stage.hpp"

namespace starling::sim {

class Mishaps {
 public:
  explicit Mishaps(Stage& stage) : stage_(stage) {}

  // One of the kinds that the seed has drawn, or none.
  void happen();
  // To be called twice a second: links that flap go down, and come up again.
  void flap();
  // Links are whole again, all machines run that are not gone for good, and none withholds anything.
  void end();

 private:
  void crash_one();
  void split();
  void cut_one_way();
  void begin_flapping();
  void heal();
  void set_a_clock();
  void back_up_or_restore();
  void clone_or_retire();
  void withhold();

  Stage& stage_;
  std::map<std::pair<std::size_t, std::size_t>, bool> flapping_;  // is it up?
  std::optional<std::size_t> clone_;
  bool clone_remembers_ = false;
};

}  // namespace starling::sim
