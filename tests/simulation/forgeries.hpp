// Checkpoints that an admin's key may sign and nobody may believe.
#pragma once

#include <array>

#include "starling/changelog/anchor.hpp"
#include "starling/fleet/fleet.hpp"

namespace starling::sim {

enum class Forgery {
  entry_of_nobody,  // its vector names a record that there isn't
  base_of_nobody,   // it follows a checkpoint that there isn't
  covers_less,      // than the one it follows
  keeps_less,
  another_state,
  another_provenance
};
inline constexpr std::array all_forgeries{Forgery::entry_of_nobody, Forgery::base_of_nobody,
                                          Forgery::covers_less,     Forgery::keeps_less,
                                          Forgery::another_state,   Forgery::another_provenance};

// Of one that would be right at this node; false: there is nothing in it to be forged that way.
[[nodiscard]] bool forge(Checkpoint& checkpoint, Forgery how, const Fleet& fleet);

}  // namespace starling::sim
