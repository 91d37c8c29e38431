// The kinds of what goes wrong in a life. Each is there in every second seed: many together hide what few
// would show.
#pragma once

#include <array>
#include <string>

#include "libp2p/base/random.hpp"

namespace starling::sim {

struct Faults {
  explicit Faults(libp2p::SeededRandom& dice) {
    for (const Named& fault : all()) *fault.drawn = dice.below(2) == 0;
  }
  bool crashes{}, partitions{}, one_way_cuts{}, flapping_links{}, bad_links{}, slow_disks{}, slow_clocks{},
      wrong_clocks{}, forks{}, late_anchors{}, backups{}, clones{}, withholders{}, disorder{}, controls{},
      discards{}, strangers{}, unentitled{}, checkpoints{}, forgetting{}, newcomers{}, hostile_admin{};

  std::string to_string() {
    std::string text;
    for (const Named& fault : all()) {
      if (*fault.drawn) text += (text.empty() ? "" : " ") + std::string(fault.name);
    }
    return text;
  }

 private:
  struct Named {
    const char* name;
    bool* drawn;
  };
  std::array<Named, 22> all() {
    return {{{"crashes", &crashes},
             {"partitions", &partitions},
             {"one-way-cuts", &one_way_cuts},
             {"flapping-links", &flapping_links},
             {"bad-links", &bad_links},
             {"slow-disks", &slow_disks},
             {"slow-clocks", &slow_clocks},
             {"wrong-clocks", &wrong_clocks},
             {"forks", &forks},
             {"late-anchors", &late_anchors},
             {"backups", &backups},
             {"clones", &clones},
             {"withholders", &withholders},
             {"disorder", &disorder},
             {"controls", &controls},
             {"discards", &discards},
             {"strangers", &strangers},
             {"unentitled", &unentitled},
             {"checkpoints", &checkpoints},
             {"forgetting", &forgetting},
             {"newcomers", &newcomers},
             {"hostile-admin", &hostile_admin}}};
  }
};

}  // namespace starling::sim
