// What people write, at random: small configurations in which much depends on much.
#pragma once

#include <string>
#include <vector>

#include "libp2p/base/random.hpp"
#include "starling/model/change.hpp"
#include "starling/model/document.hpp"

namespace starling::sim {

// Edits against `present`, each allowed by itself; what they come to together with what others write
// meanwhile is the merge's matter. Mostly as the API makes them of a PUT, sometimes as they come.
[[nodiscard]] std::vector<Edit> random_edits(libp2p::SeededRandom& dice, const json::value& present);

}  // namespace starling::sim
